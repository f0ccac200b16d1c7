import { describe, expect, test } from 'vitest';
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import { egressPolicySchema } from '../../../crds/schema/egress-policy.ts';
import { sampleEgressPolicy, sampleRequest, sampleSandbox } from '../../../engine/compile/testing/objects.ts';
import { createEvaluator } from '../../../engine/decide/request-evaluator.ts';
import { compileSet } from '../compile-set.ts';
import type { PolicySet } from '../policy-set.ts';
import { formatPromoted } from './format-promoted.ts';
import { type Promoted, promoteGrants } from './promote-grants.ts';

const nowMs = Date.parse('2026-03-01T12:00:00Z');
const host = 'api.example.com';
const decidedAt = '2026-03-01T11:00:00Z';
const empty: PolicySet = {
  sandbox: sampleSandbox({ onUnlisted: 'Ask' }),
  policies: [],
  namespaceLabels: {},
  clusterPolicies: [],
  requests: [],
  services: new Map(),
  gaps: [],
};

type Change = {
  readonly egress?: Partial<NonNullable<ApprovalRequest['spec']['egress']>>;
  readonly decision?: Partial<NonNullable<ApprovalRequest['spec']['decision']>>;
  readonly status?: ApprovalRequest['status'];
};
function approved(name: string, { egress, decision, status }: Change = {}): ApprovalRequest {
  const request = sampleRequest(
    { verdict: 'Approve', for: '8h', by: 'alice', scope: 'Endpoint', ...decision },
    { egress: { host, ...egress }, status: { phase: 'Enforced', decidedAt, ...status } },
  );
  return { ...request, metadata: { ...request.metadata, name: `apr-${name}` } };
}

function promote(requests: readonly ApprovalRequest[], more: Partial<PolicySet> = {}): Promoted {
  return promoteGrants({ ...empty, ...more, requests }, { name: 'box-approved', selector: { app: 'agent' }, nowMs });
}
const rulesOf = ({ policy }: Promoted) =>
  (policy.spec.allow ?? []).map(({ name: _name, ...rule }) => rule as Record<string, unknown>);
const to = (port: number) => [{ host, ports: [port] }];

describe('an approval as a rule', () => {
  test.each<[string, Change, object[]]>([
    ['443 is TLS by its name', {}, [{ to: to(443), protocol: 'TLS' }]],
    ['another port is by name alone', { egress: { port: 22 } }, [{ to: to(22), protocol: 'TCP' }]],
    [
      '80 is HTTP, every request, and WebSockets',
      { egress: { port: 80 } },
      [
        { to: to(80), protocol: 'HTTP', http: { access: 'Full' } },
        { to: to(80), protocol: 'WebSocket', webSocket: {} },
      ],
    ],
    [
      'an address is itself',
      { egress: { host: '203.0.113.9' } },
      [{ to: [{ cidr: '203.0.113.9/32', ports: [443] }], protocol: 'TCP' }],
    ],
    [
      'scope Binary keeps the path',
      { decision: { scope: 'Binary' } },
      [{ to: to(443), protocol: 'TLS', binaries: ['/usr/bin/curl'] }],
    ],
    [
      'scope Request is the requests, by their binary',
      { decision: { scope: 'Request', requests: [{ method: 'POST', path: '/v1/a' }] } },
      [
        {
          to: to(443),
          protocol: 'HTTP',
          binaries: ['/usr/bin/curl'],
          http: { allow: [{ methods: ['POST'], path: '/v1/a' }] },
        },
      ],
    ],
  ])('%s', (_what, change, expected) => {
    expect(rulesOf(promote([approved('a', change)]))).toEqual(expected);
  });

  test('an opaque one beside single requests, or beside a rule that inspects, sees requests too', () => {
    const single = approved('b', { decision: { scope: 'Request', requests: [{ method: 'GET', path: '/x' }] } });
    const whole = approved('a', { egress: { host } });
    expect(rulesOf(promote([whole, single])).map(({ protocol }) => protocol)).toEqual(['HTTP', 'WebSocket', 'HTTP']);
    const web = sampleEgressPolicy('web', [
      { name: 'read', to: to(443), protocol: 'HTTP', http: { access: 'ReadOnly' } },
    ]);
    expect(rulesOf(promote([whole], { policies: [web] })).map(({ protocol }) => protocol)).toEqual([
      'HTTP',
      'WebSocket',
    ]);
  });
});

describe('what no policy can say is refused by name', () => {
  test.each<[string, Change, RegExp]>([
    ['uses', { decision: { maxUses: 3 } }, /for 3 uses, and a policy does not count/],
    ['a star in a path', { decision: { scope: 'Request', requests: [{ method: 'GET', path: '/a*b' }] } }, /has a \*/],
    [
      'a binary that is no path',
      { decision: { scope: 'Binary' }, egress: { binary: { path: '/memfd:\\u{1b}x', sha256: 'b'.repeat(64) } } },
      /no path that a policy can name/,
    ],
    ['a name the compiler refuses', { egress: { host: 'inference.local' } }, /belongs to Creel itself/],
  ])('%s', (_what, change, why) => {
    const { policy, refused } = promote([approved('a', change), approved('b', { egress: { host: 'ok.example' } })]);
    expect(refused).toEqual([{ request: 'apr-a', why: expect.stringMatching(why) }]);
    expect(policy.spec.allow?.map(rule => rule.to[0]?.host)).toEqual(['ok.example']);
  });

  test('what nobody approved, or what has ended, is no part of it', () => {
    const requests = [
      approved('a', { decision: { verdict: 'Deny' } }),
      approved('b', { status: { phase: 'Expired' } }),
      approved('c', { decision: { for: '5m' } }),
      approved('d', { decision: { maxUses: 2 }, status: { phase: 'Expired', countedBy: 'ab', usesLeft: 0 } }),
      sampleRequest(),
    ];
    expect(promote(requests)).toMatchObject({ policy: { spec: { allow: [] } }, refused: [] });
  });
});

describe('the text', () => {
  const requests = [
    approved('zz', { decision: { scope: 'Binary', reason: 'the build needs it' } }),
    approved('aa', { egress: { host: 'b.example' } }),
  ];

  test('is the same whatever the order and the time', () => {
    const text = formatPromoted(promote(requests), 'box');
    const later = promoteGrants(
      { ...empty, requests: requests.toReversed() },
      { name: 'box-approved', selector: { app: 'agent' }, nowMs: nowMs + 3_600_000 },
    );
    expect(formatPromoted(later, 'box')).toBe(text);
    expect(text).toMatch(
      / {4}# apr-zz: approved by alice at 2026-03-01T11:00:00Z for 8h, scope Binary: "the build needs it"\n {4}# the approval was for sha256 b{64}; a policy/,
    );
    expect(egressPolicySchema.safeParse(promote(requests).policy).error).toBeUndefined();
  });

  test('is the same again once it is applied and the approvals are superseded, and later ones are added', () => {
    const before = promote(requests);
    const applied = { ...sampleEgressPolicy('box-approved', []), spec: before.policy.spec };
    const answered = requests.map(one => ({ ...one, status: { ...one.status, phase: 'Superseded' as const } }));
    expect(formatPromoted(promote(answered, { policies: [applied] }), 'box')).toBe(formatPromoted(before, 'box'));
    const more = promote([approved('new', { egress: { host: 'new.example' } })], { policies: [applied] });
    expect(more.policy.spec.allow?.map(rule => rule.to[0]?.host)).toEqual([host, 'b.example', 'new.example']);
  });

  test('holds nothing that leaves its comment', () => {
    const hostile = approved('a', { decision: { by: 'eve\n  - name: all', reason: 'x\u2028- y' } });
    const text = formatPromoted(promote([hostile]), 'box');
    expect(text).toContain('eve\\u{a}  - name: all');
    expect(text).toContain('x\\u{2028}- y');
    expect(text.split('\n').filter(line => /^\s*- name/.test(line))).toHaveLength(1);
  });
});

test('the policy allows what the approvals did, and nothing beside it', () => {
  const requests = [
    approved('a', { decision: { scope: 'Binary' } }),
    approved('b', { egress: { host: 'b.example', port: 8080 } }),
    approved('c', {
      egress: { host: 'c.example' },
      decision: { scope: 'Request', requests: [{ method: 'POST', path: '/v1/a' }] },
    }),
  ];
  const { policy } = promote(requests);
  const applied = { ...sampleEgressPolicy('box-approved', []), spec: policy.spec };
  const asked = [host, 'b.example', 'c.example', 'd.example'].flatMap(name =>
    [443, 8080, 80].flatMap(port =>
      ['/usr/bin/curl', '/usr/bin/wget'].flatMap(path =>
        [['POST', '/v1/a'] as const, ['POST', '/v1/b'] as const, ['DELETE', '/v1/a'] as const].map(
          ([method, target]) => ({ host: name, port, binary: path, method, path: target }),
        ),
      ),
    ),
  );
  const verdicts = (set: PolicySet) => {
    const compiled = compileSet(set, nowMs);
    return asked.map(one => createEvaluator(compiled.policy, compiled.grants, nowMs)(one).verdict);
  };
  const granted = verdicts({ ...empty, requests });
  expect(verdicts({ ...empty, policies: [applied] })).toEqual(granted);
  expect(granted.filter(verdict => verdict === 'Allow')).not.toEqual([]);
});
