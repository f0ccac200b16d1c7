import type { Api } from './api.ts';

/** The name the API server knows the caller by: `decision.by` must equal it. */
export async function whoAmI(api: Api): Promise<string> {
  const review = await api.create<{ status?: { userInfo?: { username?: string } } }>(
    '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'SelfSubjectReview',
    },
  );
  return review.status?.userInfo?.username ?? '';
}
