import { expect, test } from 'vitest';
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { sampleRequest } from '../testing/sample-sandbox.ts';
import { approvalRecords } from './approval-records.ts';
import { createAuditLog } from './create-audit-log.ts';

type Status = NonNullable<ApprovalRequest['status']>;
const at = '2026-01-01T12:00:00.000Z';
const approve = { verdict: 'Approve', for: '1h', by: 'alice' } as const;
const granted = (status: 'True' | 'False', message: string): Pick<Status, 'conditions'> => ({
  conditions: [
    { type: 'Granted', status, reason: status === 'True' ? 'Granted' : 'NotInForce', message, lastTransitionTime: at },
  ],
});
const typesOf = (spec: Partial<ApprovalRequest['spec']>, before: Status | undefined, next: Status) =>
  approvalRecords(sampleRequest(spec, before), next).map(({ type }) => type);

test.each<[string, Partial<ApprovalRequest['spec']>, Status | undefined, Status, string[]]>([
  ['a new question', {}, undefined, { phase: 'Pending' }, ['Asked']],
  ['counted again', {}, { phase: 'Pending', hits: 1 }, { phase: 'Pending' }, []],
  ['decided', { decision: approve }, { phase: 'Pending' }, { phase: 'Approved', decidedAt: at }, ['Decision']],
  [
    'decided, and in force at once',
    { decision: approve },
    { phase: 'Pending' },
    { phase: 'Enforced', decidedAt: at },
    ['Decision', 'Enforced'],
  ],
  [
    'denied before, approved now',
    { decision: approve },
    { phase: 'Denied', decidedAt: at, observedGeneration: 1 },
    { phase: 'Approved', decidedAt: at },
    ['Decision'],
  ],
  [
    'beyond a ceiling',
    { decision: approve },
    { phase: 'Pending' },
    { phase: 'Approved', decidedAt: at, ...granted('False', 'beyond the ceiling of cluster/c') },
    ['Decision', 'NotInForce'],
  ],
  [
    'still beyond it',
    { decision: approve },
    { phase: 'Approved', decidedAt: at, ...granted('False', 'beyond the ceiling of cluster/c') },
    { phase: 'Approved', decidedAt: at, ...granted('False', 'beyond the ceiling of cluster/c') },
    [],
  ],
  ['over', { decision: approve }, { phase: 'Enforced', decidedAt: at }, { phase: 'Expired', decidedAt: at }, ['Ended']],
])('%s', (_what, spec, before, next, types) => {
  expect(typesOf(spec, before, next)).toEqual(types);
});

test('the digest is of what was seen, whatever was decided', () => {
  const digests = [{}, { decision: approve }].map(
    spec => approvalRecords(sampleRequest(spec), { phase: 'Pending' })[0]?.digest,
  );
  expect(digests[0]).toBe(digests[1]);
  const other = sampleRequest({ egress: { host: 'other.example', port: 443, reason: 'NotListed' } });
  expect(approvalRecords(other, { phase: 'Pending' })[0]?.digest).not.toBe(digests[0]);
});

test('a record that was written is not written again, and hostile text stays inside its line', () => {
  const lines: string[] = [];
  const log = createAuditLog({ write: line => lines.push(line) }, () => Date.parse(at));
  const decision = { ...approve, reason: 'x"}\n{"log":"audit","type":"Decision","user":"root' };
  const records = approvalRecords(sampleRequest({ decision }, { phase: 'Pending' }), {
    phase: 'Approved',
    decidedAt: at,
  });
  for (const record of [...records, ...records]) log.record(record);
  expect(lines.join('').trimEnd().split('\n')).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ log: 'audit', time: at, user: 'alice', reason: decision.reason });
});
