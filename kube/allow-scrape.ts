// Who may read a program's counters: holders of `get` on /metrics, by the API server's own word.
import type { KubeClient, ResourceRef } from './types.ts';

/** 503 where the API server does not answer, or too many ask at once: a stranger's tokens must not become a flood of reviews. */
export type ScrapeVerdict = 200 | 401 | 403 | 503;
export type AllowScrape = (authorization: string | undefined) => Promise<ScrapeVerdict>;

interface TokenReview {
  readonly status?: { readonly authenticated?: boolean; readonly user?: User };
}
interface User {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}
interface AccessReview {
  readonly status?: { readonly allowed?: boolean };
}

const tokenReviews: ResourceRef = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  plural: 'tokenreviews',
  namespaced: false,
};
const subjectAccessReviews: ResourceRef = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  namespaced: false,
};
const maxAtOnce = 4;
const maxTokenLength = 8192;

export function allowScrapeWith(client: Pick<KubeClient, 'post'>): AllowScrape {
  let asking = 0;
  return async authorization => {
    const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
    if (token === undefined || token.length > maxTokenLength) return 401;
    if (asking >= maxAtOnce) return 503;
    asking += 1;
    try {
      return await review(client, token);
    } catch {
      return 503;
    } finally {
      asking -= 1;
    }
  };
}

async function review(client: Pick<KubeClient, 'post'>, token: string): Promise<ScrapeVerdict> {
  const { status } = await client.post<TokenReview>(tokenReviews, {}, { spec: { token } });
  const { username, uid, groups, extra } = status?.user ?? {};
  if (status?.authenticated !== true || username === undefined) return 401;
  const attributes = { path: '/metrics', verb: 'get' };
  const access = await client.post<AccessReview>(
    subjectAccessReviews,
    {},
    { spec: { user: username, uid, groups, extra, nonResourceAttributes: attributes } },
  );
  return access.status?.allowed === true ? 200 : 403;
}
