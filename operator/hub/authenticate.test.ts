import { expect, test } from 'vitest';
import { authenticate, type RecordedPod, type TokenReviewStatus } from './authenticate.ts';
import { createReviewBudget } from './review-budget.ts';

const pod: RecordedPod = {
  sandboxUid: 'sandbox-uid',
  namespace: 'agents',
  sandbox: 'box',
  podName: 'csb-box',
  podUid: 'pod-uid',
  serviceAccount: 'csb-box',
  addresses: ['10.0.0.7'],
};
const good: TokenReviewStatus = {
  authenticated: true,
  audiences: ['creel-hub'],
  user: {
    username: 'system:serviceaccount:agents:csb-box',
    extra: {
      'authentication.kubernetes.io/pod-uid': ['pod-uid'],
      'authentication.kubernetes.io/pod-name': ['csb-box'],
    },
  },
};

/** Unsigned: whoever knows a pod's uid can write one. */
function madeUpToken(uid: string, aud = ['creel-hub']): string {
  const claims = { aud, exp: 4_000_000_000, 'kubernetes.io': { pod: { uid } } };
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
}

async function attempt(token: string, address: string, status = good, recorded: RecordedPod = pod) {
  let reviews = 0;
  const answer = await authenticate(token, address, {
    reviewToken: async () => {
      reviews++;
      return status;
    },
    recordedPod: uid => (uid === pod.podUid ? recorded : undefined),
    mayReview: () => true,
  });
  return { outcome: answer.ok ? 'ok' : answer.reason, reviews };
}

test.each([
  ['of a pod nobody made', madeUpToken('other-uid'), '10.0.0.7', 'UnknownPod'],
  ['of another audience', madeUpToken('pod-uid', ['api']), '10.0.0.7', 'WrongAudience'],
  ['of a known pod, from a neighbour’s address', madeUpToken('pod-uid'), '10.0.0.8', 'WrongAddress'],
  ['that is no token', 'x', '10.0.0.7', 'MalformedToken'],
])('a token %s costs no call to the API server', async (_what, token, address, outcome) => {
  expect(await attempt(token, address)).toEqual({ outcome, reviews: 0 });
});

test('positive control: from the pod’s own address the API server is asked, and its word counts', async () => {
  const token = madeUpToken('pod-uid');
  expect(await attempt(token, '::ffff:10.0.0.7')).toEqual({ outcome: 'ok', reviews: 1 });
  expect(await attempt(token, '10.0.0.7', {})).toEqual({ outcome: 'TokenRejected', reviews: 1 });
  const audiences = { ...good, audiences: ['https://kubernetes.default.svc'] };
  expect(await attempt(token, '10.0.0.7', audiences)).toEqual({ outcome: 'WrongAudience', reviews: 1 });
});

test('before the kubelet has told the address, the API server is asked', async () => {
  expect(await attempt(madeUpToken('pod-uid'), '10.0.0.8', good, { ...pod, addresses: [] })).toMatchObject({
    reviews: 1,
  });
});

test('a pod that asks without end is put before the API server twenty times, then once a second; another is heard meanwhile', async () => {
  let nowMs = 0;
  let reviews = 0;
  const dependencies = {
    reviewToken: async () => {
      reviews++;
      return good;
    },
    recordedPod: () => pod,
    mayReview: createReviewBudget(() => nowMs),
  };
  const ask = async (uid = 'pod-uid') => {
    const answer = await authenticate(madeUpToken(uid), '10.0.0.7', dependencies);
    return answer.ok ? 'ok' : answer.reason;
  };
  for (let count = 0; count < 1_000; count++) await ask();
  expect(reviews).toBe(20);
  expect(await ask()).toBe('TooManyAttempts');
  nowMs += 1_000;
  expect([await ask(), await ask()]).toEqual(['ok', 'TooManyAttempts']);
  const other = createReviewBudget(() => nowMs);
  for (let count = 0; count < 30; count++) other('a');
  expect([other('a'), other('b')]).toEqual([false, true]);
});
