// R12 for DNS: a question whose answering goes wrong is SERVFAIL, over both transports, and the next one is answered.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeQuery, rcodes, types } from './dns-message.ts';
import { startDnsServer } from './start-dns-server.ts';
import { createSyntheticNames } from './synthetic-names.ts';

const names = createSyntheticNames('28.64.0.0/14', 'ns/sandbox', [], () => undefined);
const logged: string[] = [];
let end: AbortController;
let port: number;
let broken: string | undefined;

beforeEach(async () => {
  end = new AbortController();
  broken = undefined;
  logged.length = 0;
  port = await freePort();
  const knowsName = (name: string) => {
    if (name === broken) throw new Error('injected');
    return true;
  };
  const context = { names, knowsName, isWild: () => false, admitNew: () => true };
  await startDnsServer(port, context, message => logged.push(message), end.signal);
});
afterEach(() => end.abort());

/** Free for TCP now; nobody else asks for one of loopback's UDP ports here. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return free;
}

const query = encodeQuery(7, 'printer', types.A);

const headOf = (answer: Buffer) => ({ id: answer.readUInt16BE(0), rcode: answer.readUInt8(3) & 15 });

async function overUdp(message: Buffer): Promise<Buffer> {
  const socket = createSocket('udp4');
  socket.send(message, port, '127.0.0.1');
  const [answer] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  return answer;
}

async function overTcp(message: Buffer): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  socket.write(Buffer.concat([length, message]));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return answer.subarray(2);
}

test.each([
  ['UDP', overUdp],
  ['TCP', overTcp],
])('R12 over %s', async (_transport, ask) => {
  broken = 'printer';
  expect(headOf(await ask(query))).toEqual({ id: 7, rcode: rcodes.ServFail });
  expect(logged).toEqual([expect.stringContaining('injected')]);
  broken = undefined;
  expect(headOf(await ask(query))).toEqual({ id: 7, rcode: rcodes.NoError });
});
