import { describe, expect, test } from 'vitest';
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { approvalName } from './approval-name.ts';
import { compileGrants, type GrantInputs } from './compile-grants.ts';
import { sampleRequest } from './testing/objects.ts';

const nowMs = Date.parse('2026-01-01T12:00:00Z');
const approve = { verdict: 'Approve', for: '1h' } as const;

function compile(request: ApprovalRequest, overrides: Partial<GrantInputs> = {}) {
  return compileGrants({ sandboxUid: 'uid-1', requests: [request], ceilings: [], nowMs, ...overrides });
}

describe('an approval is a grant', () => {
  test('for the binary that asked, by default, until its time is over', () => {
    expect(compile(sampleRequest(approve)).grants.items).toEqual([
      {
        id: 'apr-x',
        host: 'paste.example',
        port: 443,
        binary: { path: '/usr/bin/curl', sha256: 'b'.repeat(64) },
        expiresAtMs: nowMs + 3_600_000,
      },
    ]);
  });
  test('for any binary with scope Endpoint', () => {
    expect(compile(sampleRequest({ ...approve, scope: 'Endpoint' })).grants.items[0]?.binary).toBeUndefined();
  });
  test('counted from when it was decided, and never longer than asked for', () => {
    const status = { decidedAt: '2026-01-01T11:30:00Z', expiresAt: '2030-01-01T00:00:00Z' };
    expect(compile(sampleRequest(approve, { status })).grants.items[0]?.expiresAtMs).toBe(nowMs + 1_800_000);
  });
  test('for the session: as long as the pod is the one it was approved for', () => {
    const request = sampleRequest(
      { verdict: 'Approve', for: 'session' },
      { status: { decidedAt: '2026-01-01T11:00:00Z' } },
    );
    expect(compile(request, { podCreatedMs: nowMs - 7_200_000 }).grants.items).toHaveLength(1);
    expect(compile(request, { podCreatedMs: nowMs }).grants.items).toHaveLength(0);
    expect(compile(request).refusals.get('apr-x')).toContain('session');
  });
});

const counted = (status: ApprovalRequest['status']) =>
  sampleRequest({ ...approve, maxUses: 3 }, { status: { countedBy: 'ab', ...status } });

describe('a number of uses', () => {
  test('is a grant once it is written down who counts them', () => {
    expect(compile(sampleRequest({ ...approve, maxUses: 3 })).refusals.get('apr-x')).toContain('not connected (yet)');
    expect(compile(counted({ phase: 'Approved' })).grants.items).toMatchObject([{ uses: { max: 3, countedBy: 'ab' } }]);
  });

  test('all spent it goes on for what is open, until its time is over or it is revoked', () => {
    const spent = counted({ phase: 'Expired', usesLeft: 0, decidedAt: '2026-01-01T11:59:00Z' });
    expect(compile(spent).grants.items).toMatchObject([{ uses: { areUsedUp: true } }]);
    expect(compile(spent, { nowMs: nowMs + 3_600_000 }).grants.items).toEqual([]);
    expect(compile(counted({ phase: 'Expired', usesLeft: 1 })).grants.items).toEqual([]);
    const revoked = { ...spent, spec: { ...spent.spec, decision: { verdict: 'Revoke' } as const } };
    expect(compile(revoked).grants.items).toEqual([]);
  });
});

const granted = (request: ApprovalRequest) => compile(request).grants.items[0];

describe('scope Request', () => {
  const egress = { reason: 'RequestNotAllowed' } as const;
  const scoped = { ...approve, scope: 'Request' } as const;

  test('is the requests listed, canonical and without their queries, for the binary that asked', () => {
    const requests = [
      { method: 'GET', path: '/%61?b=c' },
      { method: 'PUT', path: '/x' },
    ];
    expect(granted(sampleRequest({ ...scoped, requests }, { egress }))).toMatchObject({
      requests: [
        { method: 'GET', path: '/a' },
        { method: 'PUT', path: '/x' },
      ],
      binary: { path: '/usr/bin/curl' },
    });
  });
  test('without a list is the one request that was seen', () => {
    const status = { samples: ['DELETE /repos/a'] };
    expect(granted(sampleRequest(scoped, { egress, status }))?.requests).toEqual([
      { method: 'DELETE', path: '/repos/a' },
    ]);
  });
  test('so it is with the host in the sample, as sidecars write it, and never for another host', () => {
    expect(
      granted(sampleRequest(scoped, { egress, status: { samples: ['GET paste.example/repos/a'] } }))?.requests,
    ).toEqual([{ method: 'GET', path: '/repos/a' }]);
    expect(
      granted(sampleRequest(scoped, { egress, status: { samples: ['GET other.example/repos/a'] } })),
    ).toBeUndefined();
  });
  test('with several seen and none listed there is no grant', () => {
    const request = sampleRequest(scoped, { egress, status: { samples: ['GET /a', 'GET /b'] } });
    expect(compile(request).refusals.get('apr-x')).toContain('requests: [{method, path}]');
  });
  test('other scopes of a refused request are the whole host', () => {
    expect(granted(sampleRequest(approve, { egress }))).not.toHaveProperty('requests');
    expect(granted(sampleRequest({ ...approve, scope: 'Endpoint' }, { egress }))).toBeDefined();
  });
});

describe('no grant', () => {
  test.each<[string, ApprovalRequest]>([
    ['without a decision', sampleRequest()],
    ['when denied', sampleRequest({ verdict: 'Deny' })],
    ['when revoked', sampleRequest({ verdict: 'Revoke' })],
    ['for another sandbox of the same name', sampleRequest(approve, { uid: 'uid-2' })],
    ['after it expired', sampleRequest(approve, { status: { phase: 'Expired' } })],
    ['once superseded', sampleRequest(approve, { status: { phase: 'Superseded' } })],
    ['when its time is over', sampleRequest(approve, { status: { decidedAt: '2026-01-01T11:00:00Z' } })],
    ['for a duration that is none', sampleRequest({ verdict: 'Approve', for: '0s' })],
    ['forever, without a ceiling that lets it', sampleRequest({ verdict: 'Approve', for: 'forever' })],
    ['forever by another word', sampleRequest({ verdict: 'Approve', for: '9999999999h' })],
    ['for uses nobody counts yet', sampleRequest({ ...approve, maxUses: 3 })],
    [
      'for uses counted under an earlier decision',
      sampleRequest({ ...approve, maxUses: 3 }, { status: { countedBy: 'a1', observedGeneration: 0 } }),
    ],
    ['for requests that nobody listed or saw', sampleRequest({ ...approve, scope: 'Request' })],
    [
      'for a path that is read in two ways',
      sampleRequest({ ...approve, scope: 'Request', requests: [{ method: 'GET', path: '/a/../b' }] }),
    ],
    [
      'for a method that is none',
      sampleRequest({ ...approve, scope: 'Request', requests: [{ method: 'get ', path: '/a' }] }),
    ],
  ])('%s', (_what, request) => expect(compile(request).grants.items).toEqual([]));

  test('beyond a ceiling', () => {
    const ceilings = [{ policy: 'cluster/c', spec: { hosts: ['*.github.com'] } }];
    expect(compile(sampleRequest(approve), { ceilings }).refusals.get('apr-x')).toContain('cluster/c');
    const short = [{ policy: 'cluster/c', spec: { maxDuration: '5m' } }];
    expect(compile(sampleRequest(approve), { ceilings: short }).refusals.get('apr-x')).toContain('maxDuration');
  });

  test('a denial turned into an approval grants before its status is rewritten', () => {
    const status = { phase: 'Denied', decidedAt: '2026-01-01T09:00:00Z', observedGeneration: 0 } as const;
    expect(compile(sampleRequest(approve, { status })).grants.items).toMatchObject([
      { expiresAtMs: nowMs + 3_600_000 },
    ]);
  });

  test('one that was put off and is approved now lasts as long as the approval says', () => {
    const status = { phase: 'Snoozed', expiresAt: '2026-01-01T12:01:00Z', observedGeneration: 0 } as const;
    expect(compile(sampleRequest(approve, { status })).grants.items).toMatchObject([
      { expiresAtMs: nowMs + 3_600_000 },
    ]);
  });
});

test('one question has one name, another question another', () => {
  const key = { sandboxUid: 'u', host: 'a.com', port: 443, reason: 'NotListed', round: 0 };
  const binary = { path: '/bin/x', sha256: 'f'.repeat(64) };
  const names = [
    key,
    { ...key, round: 1 },
    { ...key, port: 80 },
    { ...key, host: 'b.com' },
    { ...key, sandboxUid: 'v' },
    { ...key, binary },
    { ...key, binary: { ...binary, sha256: 'e'.repeat(64) } },
  ].map(approvalName);
  expect(new Set(names).size).toBe(names.length);
  expect(approvalName({ ...key })).toBe(names[0]);
  for (const name of names) expect(name).toMatch(/^apr-[a-z2-7]{32}$/);
});
