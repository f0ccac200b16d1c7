// The authoritative server of every name, over UDP and TCP; each query is recorded.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { outsidePorts } from '../control-protocol.ts';
import { encodeAnswer, parseQuestion } from './dns-message.ts';
import { plainAddress } from './recorder.ts';
import { resolveName } from './resolve-name.ts';
import type { State } from './state.ts';

const maxUdpAnswerBytes = 512;

export async function startDnsServer(state: State): Promise<void> {
  const udp = createSocket('udp6');
  udp.on('message', (message, { address, port }) => {
    const reply = replyTo(state, message, 'udp', `${plainAddress(address)}:${port}`);
    if (reply !== undefined) udp.send(reply, port, address);
  });
  udp.on('error', error => process.stderr.write(`outside: dns: ${error.message}\n`));
  udp.bind(outsidePorts.dns, '::');
  const tcp = createServer(socket => serveTcp(state, socket));
  tcp.listen(outsidePorts.dns, '::');
  await Promise.all([once(udp, 'listening'), once(tcp, 'listening')]);
}

function serveTcp(state: State, socket: Socket): void {
  const from = `${plainAddress(socket.remoteAddress)}:${socket.remotePort}`;
  let pending: Buffer = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      const end = 2 + pending.readUInt16BE(0);
      const reply = replyTo(state, pending.subarray(2, end), 'tcp', from);
      pending = pending.subarray(end);
      if (reply === undefined) continue;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(reply.length);
      socket.write(Buffer.concat([length, reply]));
    }
  });
}

function replyTo(state: State, message: Buffer, transport: 'udp' | 'tcp', from: string): Buffer | undefined {
  const question = parseQuestion(message);
  if (question === undefined) return undefined;
  state.recorder.addDnsQuery({ name: question.name, type: question.type, transport, from });
  const resolution = resolveName(state.zone, question, transport);
  if (resolution.kind === 'silent') return undefined;
  const reply = encodeAnswer(question, resolution.answer);
  if (transport === 'tcp' || reply.length <= maxUdpAnswerBytes) return reply;
  return encodeAnswer(question, { ...resolution.answer, records: [], truncated: true });
}
