// Objects and states for tests, as the API server would hand them out.
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import type { KeyName, KeyPress } from '../state/key-press.ts';
import { type Effect, reduce, type TermInput } from '../state/reduce.ts';
import { initialState, type TermState } from '../state/term-state.ts';

const startMs = Date.UTC(2026, 10, 27, 9, 30);
const iso = (ms: number) => new Date(ms).toISOString();

export interface RequestOptions {
  readonly host?: string;
  readonly port?: number;
  readonly binary?: string;
  readonly sandbox?: string;
  readonly namespace?: string;
  readonly ageMs?: number;
  readonly reason?: 'NotListed' | 'RequestNotAllowed';
  readonly status?: ApprovalRequest['status'];
  readonly decision?: ApprovalRequest['spec']['decision'];
  readonly gpu?: ApprovalRequest['spec']['gpu'];
}

export function sampleRequest(uid: string, options: RequestOptions = {}): ApprovalRequest {
  const { host = `${uid}.example`, port = 443, binary = '/usr/bin/curl', sandbox = 'my-assistant', gpu } = options;
  const { ageMs = 60_000, reason = 'NotListed', decision, status, namespace = 'agents' } = options;
  const egress = {
    host,
    port,
    reason,
    binary: { path: binary, sha256: '3b1f'.repeat(16), ancestors: ['/bin/bash', '/usr/local/bin/openclaw'] },
  };
  return {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'ApprovalRequest',
    metadata: {
      name: `apr-${uid}`,
      namespace,
      uid,
      resourceVersion: '1',
      generation: decision === undefined ? 1 : 2,
      creationTimestamp: iso(startMs - ageMs),
    },
    spec: {
      type: gpu ? 'GPU' : 'Egress',
      sandbox: { name: sandbox, uid: `uid-${sandbox}` },
      ...(gpu ? { gpu } : { egress }),
      ...(decision === undefined ? {} : { decision }),
    },
    status: {
      phase: 'Pending',
      hits: 3,
      samples: ['GET /v1/things'],
      firstSeen: iso(startMs - ageMs),
      lastSeen: iso(startMs - 2_000),
      ...status,
    },
  };
}

export function sampleSandbox(name: string, status: Sandbox['status'] = {}, namespace = 'agents'): Sandbox {
  return {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'Sandbox',
    metadata: {
      name,
      namespace,
      uid: `uid-${name}`,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: iso(startMs - 7_300_000),
    },
    spec: { image: 'creel.local/openclaw:dev' },
    status: {
      phase: 'Running',
      policy: { revision: '1.17', enforcedRevision: '1.17', rules: 12, grants: 1 },
      inference: { profile: 'nvidia-cloud', model: 'nvidia/nemotron-3-super-120b-a12b' },
      pending: 0,
      pod: `csb-${name}`,
      ...status,
    },
  };
}

/** A terminal to press keys on; time passes only as told. */
export interface Bench {
  readonly state: () => TermState;
  readonly effects: Effect[];
  /** Names of keys, or single characters; each a second after the last unless `pass` says otherwise. */
  press(...keys: readonly string[]): void;
  pass(ms: number): void;
  send(input: TermInputWithoutTime): void;
  put(...requests: readonly ApprovalRequest[]): void;
}
type WithoutTime<T> = T extends unknown ? Omit<T, 'atMs'> : never;
type TermInputWithoutTime = WithoutTime<TermInput>;

const keyNames: ReadonlySet<string> = new Set([
  'up',
  'down',
  'left',
  'right',
  'pageUp',
  'pageDown',
  'home',
  'end',
  'enter',
  'escape',
  'tab',
  'backTab',
  'backspace',
  'clear',
  'interrupt',
]);

export function bench(size = { columns: 80, rows: 24 }): Bench {
  let state = initialState({ scope: { home: 'agents', namespace: 'agents' }, size, nowMs: startMs });
  let nowMs = startMs;
  const effects: Effect[] = [];
  const send = (input: TermInputWithoutTime) => {
    const step = reduce(state, { ...input, atMs: nowMs });
    state = step.state;
    effects.push(...step.effects);
  };
  const link = { state: 'Live', heardMs: startMs } as const;
  send({ type: 'Link', kind: 'sandboxes', link });
  send({ type: 'Link', kind: 'requests', link });
  return {
    state: () => state,
    effects,
    press: (...keys) => {
      for (const key of keys) {
        nowMs += 1_000;
        send({ type: 'Key', key: toKey(key) });
      }
    },
    pass: ms => {
      nowMs += ms;
    },
    send,
    put: (...requests) => {
      for (const object of requests) send({ type: 'Requests', change: { type: 'Put', object } });
    },
  };
}

function toKey(key: string): KeyPress {
  if (keyNames.has(key)) return { name: key as KeyName };
  return { name: key.length === 1 ? 'char' : 'burst', text: key };
}
