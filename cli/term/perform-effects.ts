// Where the reducer's effects happen: watches, decisions, logs, a shell.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import type { StoreChange } from '../../engine/watch/watch-state.ts';
import { containerNames } from '../../protocol/constants.ts';
import { parseAuditLine } from '../audit/audit-line.ts';
import { formatAuditLine } from '../audit/format-audit-line.ts';
import { decisionOf } from '../decisions/decision-of.ts';
import { submitDecision } from '../decisions/submit-decision.ts';
import type { Api } from '../kube/api.ts';
import { ApiError } from '../kube/api-error.ts';
import { followCollection } from '../kube/follow-collection.ts';
import { creelPath } from '../kube/paths.ts';
import { whoAmI } from '../kube/who-am-i.ts';
import { readLog } from '../logs/read-log.ts';
import type { Suspend } from './app.tsx';
import type { Effect, TermInput } from './state/reduce.ts';
import type { Kind } from './state/term-state.ts';

export interface Outside {
  readonly api: Api;
  readonly nowMs: () => number;
  readonly dispatch: (input: TermInput) => void;
  readonly quit: () => void;
  /** The command line that starts this program again, for a shell in a sandbox. */
  readonly self: readonly string[];
  readonly suspend: () => Suspend | undefined;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

export function createPerformer(outside: Outside): (effect: Effect) => void {
  let following = new AbortController();
  let logs = new AbortController();
  let me: Promise<string> | undefined;
  return effect => {
    switch (effect.type) {
      case 'Follow':
        following.abort();
        following = new AbortController();
        followBoth(outside, effect.namespace, AbortSignal.any([following.signal, outside.signal]));
        return;
      case 'Decide':
        me ??= whoAmI(outside.api);
        // Who cannot be asked now is asked again with the next decision.
        me.catch(() => (me = undefined));
        for (const target of effect.targets) void decide(outside, effect, target, me);
        return;
      case 'FollowLogs':
        logs.abort();
        logs = new AbortController();
        void followLogs(outside, effect.sandbox, AbortSignal.any([logs.signal, outside.signal]));
        return;
      case 'StopLogs':
        logs.abort();
        return;
      case 'Connect':
        void connect(outside, effect.sandbox);
        return;
      case 'Quit':
        outside.quit();
        return;
      default:
        effect satisfies never;
    }
  };
}

function followBoth(outside: Outside, namespace: string | undefined, signal: AbortSignal): void {
  follow<Sandbox>(outside, namespace, 'sandboxes', signal, (change, atMs) => ({ type: 'Sandboxes', change, atMs }));
  follow<ApprovalRequest>(outside, namespace, 'requests', signal, (change, atMs) => ({
    type: 'Requests',
    change,
    atMs,
  }));
}

const plurals = { sandboxes: 'sandboxes', requests: 'approvalrequests' } as const;

function follow<T extends Sandbox | ApprovalRequest>(
  { api, nowMs, dispatch }: Outside,
  namespace: string | undefined,
  kind: Kind,
  signal: AbortSignal,
  toInput: (change: StoreChange<T>, atMs: number) => TermInput,
): void {
  let heardMs = 0;
  const say = (input: TermInput) => {
    // A watch that was given up may still have a word to say.
    if (!signal.aborted) dispatch(input);
  };
  const follower = {
    onHeard: () => {
      heardMs = nowMs();
      say({ type: 'Link', kind, link: { state: 'Live', heardMs }, atMs: heardMs });
    },
    onChange: (change: StoreChange<T>) => say(toInput(change, nowMs())),
    onTrouble: (message: string, status: number | undefined) => {
      const refused = status === undefined ? { state: 'Lost' as const } : { state: 'Refused' as const, status };
      say({ type: 'Link', kind, link: { ...refused, heardMs, message }, atMs: nowMs() });
    },
  };
  void followCollection<T>(api, creelPath(namespace, plurals[kind]), follower, signal);
}

async function decide(
  { api, nowMs, dispatch }: Outside,
  { verdict, options }: Extract<Effect, { type: 'Decide' }>,
  target: ApprovalRequest,
  me: Promise<string>,
): Promise<void> {
  const { uid } = target.metadata;
  const say = (outcome: Extract<TermInput, { type: 'Outcome' }>['outcome']) =>
    dispatch({ type: 'Outcome', uid, outcome, atMs: nowMs() });
  try {
    await submitDecision(api, target, decisionOf(target, verdict, options, await me));
    say({ type: 'Stored' });
  } catch (error) {
    say({ type: 'Refused', message: explain(error, target.metadata.namespace) });
  }
}

/** What to ask for comes first: a line of the screen ends soon. */
function explain(error: unknown, namespace: string): string {
  const message = error instanceof Error ? error.message : String(error);
  const isForbidden = error instanceof ApiError && error.status === 403;
  const isRight = isForbidden || /may not approve|verb .?approve/.test(message);
  return isRight ? `you need ClusterRole creel-approver in ${namespace}: ${message}` : message;
}

/** Decisions only; through restarts and new pods, as `logs --audit -f` does it. */
async function followLogs({ api, nowMs, dispatch }: Outside, sandbox: Sandbox, signal: AbortSignal): Promise<void> {
  const { namespace, name } = sandbox.metadata;
  const say = (line: string) => {
    if (!signal.aborted) dispatch({ type: 'LogLines', lines: [line], atMs: nowMs() });
  };
  const asked = { sandbox: name, container: containerNames.sidecar, follow: true, tailLines: 500 };
  try {
    for await (const text of readLog({ ...api, namespace }, { ...asked, onWait: why => say(`-- ${why} --`) }, signal)) {
      const line = parseAuditLine(text);
      if (line !== undefined) say(formatAuditLine(line));
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (!signal.aborted) dispatch({ type: 'LogEnded', why, atMs: nowMs() });
  }
}

/** `connect` as a process of its own on this terminal; its failure stays readable until Enter. */
async function connect(outside: Outside, sandbox: Sandbox): Promise<void> {
  const { suspend, self, dispatch, nowMs, stdin } = outside;
  const { name, namespace } = sandbox.metadata;
  const [command = '', ...args] = self;
  let code: number | null = null;
  await suspend()?.(async () => {
    await stopReading(stdin);
    const child = spawn(command, [...args, '--namespace', namespace, 'connect', name], { stdio: 'inherit' });
    [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) await waitForEnter(outside, `\nThe shell ended with ${code}. Enter goes back. `);
  });
  const text = `the shell in ${name} ended${code === 0 ? '' : ` with ${code}`}`;
  dispatch({ type: 'Said', text, isWarning: code !== 0, atMs: nowMs() });
}

/** Ink only stops listening: node has already begun the next read, and would take one key from the shell. */
async function stopReading(stdin: NodeJS.ReadStream): Promise<void> {
  // Only in the next turn has the stream noticed that nobody listens; before, it cannot be paused.
  await new Promise(resolve => {
    setImmediate(resolve);
  });
  stdin.resume();
  stdin.pause();
}

async function waitForEnter({ stdin, stdout }: Outside, prompt: string): Promise<void> {
  stdout.write(prompt);
  stdin.resume();
  await once(stdin, 'data');
  await stopReading(stdin);
}
