// A denial, a request, an approval, its revocation, a second round and its refusal, told with an operator that is killed at a given
// write: what the API server and the sidecar hold at the end, and what was in force on the way.
import { expect } from 'vitest';
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { systemClock } from '../../kube/system-clock.ts';
import { trustBundle } from '../../kube/tls/renew-server-keys.ts';
import type { KubeClient } from '../../kube/types.ts';
import { waitUntil } from '../../test/cluster/base/wait-until.ts';
import { resources } from '../resources.ts';
import { connectToHub } from './hub-client.ts';
import { createHubPod } from './hub-pod.ts';
import { LoyalSidecar } from './loyal-sidecar.ts';
import { type OperatorLab, openOperatorLab } from './operator-lab.ts';

export interface CrashPoint {
  /** The nth write to an ApprovalRequest since the story began, from 1. */
  readonly nth: number;
  /** Whether the API server has it. */
  readonly side: 'before' | 'after';
}

export interface StoryEnd {
  /** Writes to ApprovalRequests, of all operators together. */
  readonly writes: readonly string[];
  readonly crashed: boolean;
}

type Phase = NonNullable<NonNullable<ApprovalRequest['status']>['phase']>;
const question = { host: 'api.example.com', port: 443, reason: 'NotListed', sample: 'GET /' } as const;
const patience = { timeoutMs: 30_000, intervalMs: 20 };

/** `admin` decides, and is never killed. Throws where an approval was lost, doubled or in force without a decision. */
export async function tellApprovalStory(admin: KubeClient, namespace: string, point?: CrashPoint): Promise<StoryEnd> {
  const operators = new MortalOperator(namespace, point);
  await operators.start();
  const sidecar = new LoyalSidecar();
  const decided = new Set<string>();
  const revoked = new Set<string>();
  const wrong: string[] = [];
  sidecar.onGrants = ids => {
    for (const id of ids) {
      if (!decided.has(id)) wrong.push(`${id} is in force without a decision`);
      if (revoked.has(id)) wrong.push(`${id} is in force after its end`);
    }
  };
  const pod = await createHubPod(admin, { namespace, name: 'box' });
  const token = await pod.mintToken();
  operators.onStart = async ({ hub, keys }) => {
    const client = await connectToHub(hub.port, trustBundle(keys), token);
    if (client.status === 200) sidecar.attach(client);
    return client.status === 200;
  };
  await operators.connect();

  const read = (name: string) => admin.get(resources.approvalRequests, { namespace, name });
  const decide = async (name: string, decision: object) => {
    const written = await admin.mergePatch(resources.approvalRequests, { namespace, name }, { spec: { decision } });
    if (!written.ok) throw new Error(`${name}: ${written.refusal.message}`);
  };
  const reaches = (name: string, phase: Phase) =>
    waitUntil(async () => ((await read(name))?.status?.phase === phase ? true : undefined), {
      ...patience,
      what: `${name} to be ${phase}`,
    });
  const denied = (but?: string) =>
    waitUntil(
      async () => {
        const approval = await sidecar.deny(question, 1000);
        return approval === undefined || approval === but ? undefined : approval;
      },
      { ...patience, what: 'the name of a request' },
    );

  const first = await denied();
  decided.add(first);
  await decide(first, { verdict: 'Approve', for: '1h', maxUses: 5, by: 'ann' });
  await reaches(first, 'Enforced');
  await holds('the grant', () => sidecar.grants.includes(first));
  await decide(first, { verdict: 'Revoke', for: null, maxUses: null, by: 'ann' });
  await reaches(first, 'Revoked');
  await holds('the end of the grant', () => sidecar.grants.length === 0);
  revoked.add(first);
  const second = await denied(first);
  await decide(second, { verdict: 'Deny', reason: 'use the mirror', by: 'ann' });
  await reaches(second, 'Denied');
  await holds('the refusal', () => sidecar.standing(second)?.guidance === 'use the mirror');
  const third = await denied();
  await operators.stop();
  sidecar.detach();

  const all = await admin.list(resources.approvalRequests, { namespace });
  expect(wrong).toEqual([]);
  expect(third).toBe(second);
  expect(all.map(({ metadata }) => metadata.name).toSorted()).toEqual([first, second].toSorted());
  expect([...sidecar.everGranted]).toEqual([first]);
  expect(sidecar.refusedRevisions).toBe(0);
  const [revokedRequest, deniedRequest] = [await read(first), await read(second)];
  expect(revokedRequest?.status?.countedBy).toBe(sidecar.countedBy);
  expect(revokedRequest?.status?.hits).toBeGreaterThanOrEqual(1);
  expectOnce(revokedRequest, ['Pending', 'Approved', 'Enforced', 'Revoked']);
  expectOnce(deniedRequest, ['Pending', 'Denied']);
  return { writes: operators.writes, crashed: operators.crashed };
}

function holds(what: string, look: () => boolean): Promise<boolean> {
  return waitUntil(() => (look() ? true : undefined), { ...patience, what });
}

/** Each phase once and in order; a crash may have skipped one in between, never the last. */
function expectOnce(request: ApprovalRequest | undefined, order: readonly Phase[]): void {
  const phases = request?.status?.history?.map(({ phase }) => phase) ?? [];
  expect(order.filter(phase => phases.includes(phase))).toEqual(phases);
  expect(phases.at(-1)).toBe(order.at(-1));
}

/** One operator after another, each with the next epoch; the one that meets the crash point ends there. */
class MortalOperator {
  readonly writes: string[] = [];
  crashed = false;
  /** False: nobody was let in, try again. */
  onStart: (lab: OperatorLab) => Promise<boolean> = async () => true;
  readonly #namespace: string;
  readonly #point: CrashPoint | undefined;
  #epoch = 0;
  #lab: OperatorLab | undefined;
  #restarting: Promise<void> = Promise.resolve();

  constructor(namespace: string, point: CrashPoint | undefined) {
    this.#namespace = namespace;
    this.#point = point;
  }

  async start(): Promise<void> {
    const life = { isOver: false };
    this.#lab = await openOperatorLab(this.#namespace, systemClock, undefined, {
      epoch: ++this.#epoch,
      aroundWrite: async (write, send) => {
        const never = new Promise<never>(() => undefined);
        if (life.isOver) return never;
        if (!write.includes('/approvalrequests')) return send();
        this.writes.push(write);
        if (this.#point === undefined || this.writes.length !== this.#point.nth) return send();
        if (this.#point.side === 'after') await send();
        life.isOver = true;
        this.crashed = true;
        this.#restarting = this.#restart();
        return never;
      },
    });
  }

  /** A pod's address is not known yet, or the store has not the pod: then it is tried again. */
  async connect(): Promise<void> {
    const lab = this.#lab;
    if (lab === undefined) return;
    await waitUntil(async () => ((await this.onStart(lab)) ? true : undefined), { ...patience, what: 'a session' });
  }

  async stop(): Promise<void> {
    await this.#restarting;
    await this.#lab?.close();
  }

  async #restart(): Promise<void> {
    this.#lab?.crash();
    await this.start();
    await this.connect();
  }
}
