// Asks the guard over the socketpair it left as fd 3: whose socket is this, a leaf, the hub token.
import type { Duplex } from 'node:stream';
import type { GuardEvent } from '../../protocol/guard.ts';
import type { BinaryIdentity } from '../../protocol/session.ts';

export type Identified =
  | { readonly ok: true; readonly binary: BinaryIdentity }
  | { readonly ok: false; readonly reason: string };

export interface Leaf {
  readonly cert: string;
  readonly key: string;
  readonly notAfterMs: number;
}

export interface GuardClient {
  /** `local` and `remote` as the agent's socket has them, `address:port`. */
  readonly identify: (local: string, remote: string) => Promise<Identified>;
  readonly leaf: (host: string) => Promise<Leaf>;
  readonly token: () => Promise<string>;
}

const timeoutMs = 2000;
const maxPending = 1024;
const maxLineBytes = 1024 * 1024;

type Answer = Readonly<Record<string, unknown>>;
/** `fields` is undefined when no answer came. */
type Settle = (fields: Answer | undefined) => void;

/** `onFence` hears the state of the fence, at start and on every change; `onEnd` that the guard is gone. */
export function createGuardClient(
  socket: Duplex,
  onFence: (event: GuardEvent) => void,
  onEnd: () => void,
): GuardClient {
  const pending = new Map<number, Settle>();
  let nextId = 1;
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > maxLineBytes) socket.destroy();
    else for (const line of lines) take(line);
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    for (const settle of pending.values()) settle(undefined);
    pending.clear();
    onEnd();
  });

  function take(line: string): void {
    const message = JSON.parse(line) as Answer;
    if (message['event'] === 'fence') return onFence(message as unknown as GuardEvent);
    const id = Number(message['id']);
    pending.get(id)?.(message);
    pending.delete(id);
  }

  function ask(request: Readonly<Record<string, string>>): Promise<Answer | undefined> {
    if (pending.size >= maxPending || socket.destroyed) return Promise.resolve(undefined);
    const id = nextId++;
    return new Promise(resolve => {
      const timer = setTimeout(() => {
        pending.delete(id);
        resolve(undefined);
      }, timeoutMs);
      pending.set(id, fields => {
        clearTimeout(timer);
        resolve(fields);
      });
      socket.write(`${JSON.stringify({ id, ...request })}\n`);
    });
  }

  async function mustAnswer(request: Readonly<Record<string, string>>): Promise<Answer> {
    const answer = await ask(request);
    if (answer?.['ok'] !== true)
      throw new Error(`the guard does not give a ${request['op']}: ${errorOf(answer) ?? 'no answer'}`);
    return answer;
  }

  return {
    async identify(local, remote) {
      const answer = await ask({ op: 'identify', network: 'tcp', local, remote });
      if (answer?.['ok'] === true) return { ok: true, binary: answer['binary'] as BinaryIdentity };
      return { ok: false, reason: errorOf(answer) ?? 'busy' };
    },
    leaf: async host => (await mustAnswer({ op: 'leaf', host })) as unknown as Leaf,
    token: async () => String((await mustAnswer({ op: 'token' }))['token']),
  };
}

function errorOf(answer: Answer | undefined): string | undefined {
  const error = answer?.['error'];
  return typeof error === 'string' ? error : undefined;
}
