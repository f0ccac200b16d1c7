// The agent of the approvals bench: a program in the sandbox that makes plain HTTP requests when it is told to.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { paths } from '../../protocol/constants.ts';
import { benchNamespace } from './bench-cluster.ts';

/**
 * `deny`: one request, which must be refused; when it was begun.
 * `pass`: requests one after another, 2 ms apart, until one passes; when that one was begun.
 * `passed`: when its answer was there, name resolution and the server's own time included.
 * `hold`: a request on a connection that stays open; when it was answered.
 * `end`: the end of that connection.
 */
export type Verb = 'deny' | 'pass' | 'passed' | 'hold' | 'end';

export interface Agent {
  /** Unix ms of the moment that the verb is about, by this machine's clock. */
  ask(verb: Verb, host: string): Promise<number>;
  end(): void;
}

const timeoutMs = 30_000;

/** Clocks are one machine's. A request is a connection of its own, as from one curl after another. */
const program = `
const net = require('node:net');
const now = () => performance.timeOrigin + performance.now();
const held = new Map();
let passedMs;
const tryOnce = host => new Promise(resolve => {
  const begunMs = now();
  let answeredMs;
  let text = '';
  const socket = net.connect(80, host, () => socket.write('GET / HTTP/1.1\\r\\nHost: ' + host + '\\r\\nConnection: close\\r\\n\\r\\n'));
  socket.on('data', chunk => { answeredMs ??= now(); text += chunk; });
  socket.on('error', () => undefined);
  socket.on('close', () => resolve({ begunMs, answeredMs, status: Number(/^HTTP\\/1.1 (\\d+)/.exec(text)?.[1] ?? 0) }));
});
const verbs = {
  deny: async host => {
    const { begunMs, status } = await tryOnce(host);
    if (status !== 403) throw new Error('not refused but answered with ' + status);
    return begunMs;
  },
  pass: async host => {
    for (;;) {
      const { begunMs, answeredMs, status } = await tryOnce(host);
      passedMs = answeredMs;
      if (status === 200) return begunMs;
      // Without a pause the tries themselves would take the processors from what is measured.
      await new Promise(resolve => setTimeout(resolve, 2));
    }
  },
  passed: async () => passedMs,
  hold: host => new Promise((resolve, reject) => {
    const socket = net.connect(80, host, () => socket.write('GET / HTTP/1.1\\r\\nHost: ' + host + '\\r\\n\\r\\n'));
    held.set(host, new Promise(done => socket.on('close', () => done(now()))));
    socket.on('error', () => undefined);
    socket.once('data', chunk => String(chunk).startsWith('HTTP/1.1 200') ? resolve(now()) : reject(new Error('not answered')));
  }),
  end: host => held.get(host),
};
require('node:readline').createInterface({ input: process.stdin }).on('line', async line => {
  const [id, verb, host] = line.split(' ');
  const answer = await verbs[verb](host).catch(error => 'failed: ' + error.message);
  console.log(id + ' ' + answer);
});
`;

interface Question {
  readonly verb: Verb;
  readonly host: string;
  readonly resolve: (atMs: number) => void;
  readonly reject: (error: Error) => void;
}

/** Runs it in the pod's agent container, as every exec of ours: through the launcher. */
export function startAgent(kube: string, kubeconfig: string, pod: string, signal: AbortSignal): Agent {
  const where = ['--kubeconfig', kubeconfig, '--namespace', benchNamespace];
  const command = [paths.launcher, 'run', '--', 'node', '-e', program];
  const child = spawn(
    kube,
    ['kubectl', ...where, 'exec', '--stdin', pod, '--container=agent', '--', ...command],
    // It talks as long as its input is open.
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  const waiting = new Map<string, Question>();
  let said = '';
  const fail = (why: string) => {
    for (const { verb, host, reject } of waiting.values()) reject(new Error(`${verb} ${host}: ${why}`));
    waiting.clear();
  };
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-2000);
  });
  child.stdin.on('error', () => undefined);
  child.on('error', error => fail(error.message));
  child.on('close', code => fail(`the agent ended with ${code}: ${said}`));
  const interrupt = () => {
    fail('interrupted');
    child.kill();
  };
  signal.addEventListener('abort', interrupt, { once: true });
  createInterface({ input: child.stdout }).on('line', line => {
    const [id = '', ...answer] = line.split(' ');
    const question = waiting.get(id);
    waiting.delete(id);
    const atMs = Number(answer[0]);
    if (Number.isFinite(atMs)) question?.resolve(atMs);
    else question?.reject(new Error(`${question.verb} ${question.host}: ${answer.join(' ')}`));
  });
  let next = 0;
  return {
    async ask(verb, host) {
      signal.throwIfAborted();
      const id = String(next++);
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      waiting.set(id, { verb, host, resolve, reject });
      const late = () => reject(new Error(`${verb} ${host}: not within ${timeoutMs} ms: ${said}`));
      const timer = setTimeout(late, timeoutMs);
      child.stdin.write(`${id} ${verb} ${host}\n`);
      return promise.finally(() => clearTimeout(timer));
    },
    end: () => void child.stdin.end(),
  };
}
