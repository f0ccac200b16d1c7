// R12: whatever goes wrong in whatever a connection calls ends that connection: not the process, not another one, and never
// with a request let through that was not decided.
import type { EventEmitter } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { sampleRule } from '../../engine/decide/testing/samples.ts';
import type { Inspection } from '../../protocol/snapshot.ts';
import { type Connections, startConnections } from './testing/start-connections.ts';
import { type FaultKind, type PortWatch, withFaults } from './testing/with-fault.ts';

const full: Inspection = { kind: 'HTTP', access: 'Full', allow: [], deny: [] };
const json: Inspection = { kind: 'JSONRPC', methods: ['ping'] };
const rules = [
  sampleRule('Allow', ['plain.test'], { ports: [80], protocol: 'HTTP', inspection: full }),
  sampleRule('Allow', ['api.test'], { protocol: 'HTTP', inspection: { ...full, access: 'ReadOnly' } }),
  sampleRule('Allow', ['rpc.test'], { protocol: 'JSONRPC', inspection: json }),
  sampleRule('Allow', ['chat.test'], { protocol: 'WebSocket', inspection: { kind: 'WebSocket' } }),
  sampleRule('Allow', ['opaque.test']),
  sampleRule('Allow', ['git.test'], { binaries: ['/usr/bin/git'] }),
];

let world: Connections;
const unhandled: unknown[] = [];
const note = (error: unknown) => unhandled.push(error);
beforeAll(async () => {
  world = await startConnections(rules);
  process.on('unhandledRejection', note).on('uncaughtException', note);
});
afterAll(() => {
  process.off('unhandledRejection', note).off('uncaughtException', note);
  world.close();
});

const tls = (host: string, alpn: readonly string[]) => {
  const socket = connectTls({
    port: world.capturedPort,
    host: '127.0.0.1',
    servername: host,
    ca: world.ca.caPem,
    ALPNProtocols: [...alpn],
  });
  return socket.on('error', () => undefined);
};
const request = (host: string, method = 'GET', body = '') =>
  `${method} /x HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;

const closeOf = (emitter: EventEmitter) => new Promise<void>(resolve => emitter.once('close', () => resolve()));

async function talk(socket: ReturnType<typeof connectTcp>, text: string): Promise<string> {
  let got = '';
  socket.on('error', () => undefined).on('data', (chunk: Buffer) => (got += chunk.toString('latin1')));
  socket.write(text);
  await closeOf(socket);
  return got;
}

async function overHttp2(host: string): Promise<string> {
  const socket = tls(host, ['h2']);
  const closed = closeOf(socket);
  const session = connectHttp2(`https://${host}`, { createConnection: () => socket });
  session.on('error', () => undefined);
  const stream = session.request({ ':path': '/x' });
  let got = '';
  stream.on('error', () => undefined).on('data', (chunk: Buffer) => (got += chunk.toString()));
  await Promise.race([closeOf(stream), closeOf(session)]);
  session.destroy();
  await closed;
  return got;
}

async function overWebSocket(host: string): Promise<string> {
  const socket = new WebSocket(`wss://${host}/x`, { createConnection: () => tls(host, ['http/1.1']) });
  let got = '';
  socket.on('error', () => undefined).on('open', () => socket.send('whole answer'));
  socket.on('message', data => {
    got += (data as Buffer).toString();
    socket.close();
  });
  await closeOf(socket);
  return got;
}

interface Fault {
  readonly port: string;
  /** Which of its calls, from 0. */
  readonly call: number;
  readonly kind: FaultKind;
}

interface Scenario {
  readonly host: string;
  readonly port: number;
  /** Ends however the connection ends; answers what came back. */
  readonly run: () => Promise<string>;
  readonly answer: string | RegExp;
  readonly arrives: boolean;
}

const scenarios: Readonly<Record<string, Scenario>> = {
  'plain HTTP': {
    host: 'plain.test',
    port: 80,
    run: () => talk(connectTcp(world.capturedPort, '127.0.0.1'), request('plain.test')),
    answer: /whole answer/,
    arrives: true,
  },
  'an inspected request': {
    host: 'api.test',
    port: 443,
    run: () => talk(tls('api.test', ['http/1.1']), request('api.test')),
    answer: /whole answer/,
    arrives: true,
  },
  'an inspected request that nobody lists': {
    host: 'api.test',
    port: 443,
    run: () => talk(tls('api.test', ['http/1.1']), request('api.test', 'DELETE')),
    answer: /RequestNotAllowed/,
    arrives: false,
  },
  'a body that is read': {
    host: 'rpc.test',
    port: 443,
    run: () =>
      talk(tls('rpc.test', ['http/1.1']), request('rpc.test', 'POST', '{"jsonrpc":"2.0","method":"ping","id":1}')),
    answer: /whole answer/,
    arrives: true,
  },
  'a stream of HTTP/2': {
    host: 'api.test',
    port: 443,
    run: () => overHttp2('api.test'),
    answer: 'whole answer',
    arrives: true,
  },
  'a WebSocket': {
    host: 'chat.test',
    port: 443,
    run: () => overWebSocket('chat.test'),
    answer: 'whole answer',
    arrives: true,
  },
  'opaque TLS': {
    host: 'opaque.test',
    port: 443,
    run: () => talk(tls('opaque.test', ['http/1.1']), request('opaque.test')),
    answer: /whole answer/,
    arrives: true,
  },
  'a rule that names a binary': {
    host: 'git.test',
    port: 443,
    run: () => talk(tls('git.test', ['http/1.1']), request('git.test')),
    answer: /whole answer/,
    arrives: true,
  },
  'an unlisted host over TLS': {
    host: 'unlisted.test',
    port: 443,
    run: () => talk(tls('unlisted.test', ['http/1.1']), request('unlisted.test')),
    answer: /apr-sample/,
    arrives: false,
  },
  'the model': {
    host: 'inference.local',
    port: 443,
    run: () => talk(tls('inference.local', ['http/1.1']), request('inference.local')),
    answer: /model/,
    arrives: false,
  },
};

/** What has failed by then has not let anything through. */
const beforeAnythingIsSent = new Set([
  'names.nameOf',
  'guard.identify',
  'leaves.contextFor',
  'answers.resolve',
  'dial',
  'trust',
]);

/** Runs it with one fault; answers what the agent got, how often each port was called, and which answer later. */
async function run(scenario: Scenario, fault?: Fault) {
  const calls = new Map<string, number>();
  const later = new Set<string>();
  const onCall = (port: string): FaultKind | undefined => {
    const call = calls.get(port) ?? 0;
    calls.set(port, call + 1);
    return fault?.port === port && fault.call === call ? fault.kind : undefined;
  };
  world.arrived.length = 0;
  const watch = { onCall, onPromise: (port: string) => later.add(port) };
  world.lead(scenario.host, scenario.port, context => withFaults(context, watch));
  const got = await scenario.run();
  await expect.poll(world.handling).toBe(0);
  return { got, calls, later };
}

const brokenLog: PortWatch = {
  onCall: port => (port === 'audit.record' ? 'throws' : undefined),
  onPromise: () => undefined,
};

test('R12 a log that fails at every call', async () => {
  for (const [what, scenario] of Object.entries(scenarios)) {
    world.lead(scenario.host, scenario.port, context => withFaults(context, brokenLog));
    await scenario.run();
    await expect.poll(world.handling).toBe(0);
    expect(unhandled.splice(0).map(String), what).toEqual([]);
  }
});

describe.each(Object.entries(scenarios))('R12 %s', (_what, scenario) => {
  test('each call of each port fails once, thrown and rejected', async () => {
    // Control: with nothing wrong it is answered.
    const sound = await run(scenario);
    expect(sound.got).toMatch(scenario.answer);
    expect(world.arrived.length > 0).toBe(scenario.arrives);
    const faults = [...sound.calls].flatMap(([port, count]) => {
      const kinds: readonly FaultKind[] = sound.later.has(port) ? ['throws', 'rejects'] : ['throws'];
      return Array.from({ length: count }, (_, call) => kinds.map(kind => ({ port, call, kind }))).flat();
    });
    expect(faults.length).toBeGreaterThan(3);
    for (const fault of faults) {
      const { got, calls } = await run(scenario, fault);
      const what = `${fault.port} ${fault.kind} at call ${fault.call}`;
      expect(calls.get(fault.port), what).toBeGreaterThan(fault.call);
      if (beforeAnythingIsSent.has(fault.port)) expect(got, what).not.toContain('whole answer');
      if (!scenario.arrives || beforeAnythingIsSent.has(fault.port)) expect(world.arrived, what).toEqual([]);
      expect(unhandled.splice(0).map(String), what).toEqual([]);
    }
    expect((await run(scenario)).got).toMatch(scenario.answer);
  });
});
