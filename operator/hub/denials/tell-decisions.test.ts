import { expect, test } from 'vitest';
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import { ObjectStore } from '../../../kube/object-store.ts';
import { sampleNowMs as now, sampleRequest } from '../../testing/sample-sandbox.ts';
import type { Hub } from '../hub.ts';
import { tellDecisions } from './tell-decisions.ts';

type Decision = ApprovalRequest['spec']['decision'];
const told: unknown[][] = [];
const listeners: Parameters<Hub['subscribe']>[0][] = [];
const hub = {
  decided: (...what: unknown[]) => void told.push(what),
  subscribe: (listener: Parameters<Hub['subscribe']>[0]) => void listeners.push(listener),
};
const uid = sampleRequest().spec.sandbox.uid;
const { name } = sampleRequest().metadata;

test('each change of how a request stands is told once, approvals are not, and a new session hears how it is', () => {
  const store = new ObjectStore<ApprovalRequest>({ sandbox: ({ spec }) => [spec.sandbox.uid] });
  tellDecisions(hub, store, () => now, new AbortController().signal);
  const decided = (decision: Decision, status: ApprovalRequest['status']) =>
    versioned(sampleRequest(decision === undefined ? {} : { decision }, status));
  let version = 0;
  const versioned = ({ metadata, ...request }: ApprovalRequest): ApprovalRequest => ({
    ...request,
    metadata: { ...metadata, resourceVersion: String(++version) },
  });
  const pending = decided(undefined, { phase: 'Pending' });
  const denied = decided({ verdict: 'Deny', reason: 'use the mirror' }, { phase: 'Pending' });
  store.take({ type: 'Replace', objects: [pending] });
  expect(told).toEqual([]);
  store.take({ type: 'Put', object: denied });
  store.take({ type: 'Put', object: versioned(denied) });
  const standing = { verdict: 'Denied', guidance: 'use the mirror', untilMs: now + 600_000 };
  expect(told).toEqual([[uid, name, standing]]);
  for (const listener of listeners) listener(uid, 'Connected');
  expect(told[1]).toEqual([uid, name, standing]);
  const approved = decided({ verdict: 'Approve', for: '1h' }, { phase: 'Denied' });
  store.take({ type: 'Put', object: approved });
  expect(told[2]).toEqual([uid, name, undefined]);
});
