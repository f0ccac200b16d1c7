import type { KubeClient } from '../../kube/types.ts';
import { resources } from '../resources.ts';
import type { ReviewToken, TokenReviewStatus } from './authenticate.ts';

/** TokenReview by the API server, which alone knows whether a token is still bound to a living pod. */
export function reviewTokenWith(client: KubeClient): ReviewToken {
  return async (token, audience) => {
    const body = { spec: { token, audiences: [audience] } };
    const { status } = await client.post<{ status?: TokenReviewStatus }>(resources.tokenReviews, {}, body);
    return status ?? {};
  };
}
