// Our own resolver client: absolute names to the given servers, used only after a name was allowed. No search list, no
// hosts file: what was decided on is what is asked.
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { cidrContains, parseCidr } from '../../engine/canonical/cidr.ts';
import { parseIp } from '../../engine/canonical/ip.ts';
import { syntheticRange } from '../../protocol/constants.ts';
import { encodeQuery, type ParsedResponse, parseResponse, rcodes, types } from './dns-message.ts';

export type Resolved =
  /** `ttlSeconds` is how long all of them hold; 0 where one family was not answered. */
  | { readonly ok: true; readonly addresses: readonly string[]; readonly ttlSeconds: number }
  | { readonly ok: false; readonly reason: 'NoSuchName' | 'ResolverFailed' | 'NoResolver' | 'SyntheticAnswer' };

const attemptMs = 1500;
const attemptsPerServer = 2;
/**
 * Below the range from which the kernel gives ports to agents. Both ask the same server, and while the kernel remembers a query of the
 * one, a query of the other from the same port would be taken for its continuation: the agent's refused, ours led back to us.
 */
const ownPorts = { from: 10_000, to: 32_768 } as const;
const portTries = 4;

/** IPv4 answers first, then IPv6; each server twice, in order, within the signal's time. */
export async function resolveName(name: string, resolvers: readonly string[], signal: AbortSignal): Promise<Resolved> {
  if (resolvers.length === 0) return { ok: false, reason: 'NoResolver' };
  const [four, six] = await Promise.all([
    ask(name, types.A, resolvers, signal),
    ask(name, types.AAAA, resolvers, signal),
  ]);
  const answers = [...(four?.data ?? []).map(formatFour), ...(six?.data ?? []).map(formatSix)].filter(
    text => text !== '',
  );
  const addresses = answers.filter(text => !isSynthetic(text));
  if (addresses.length > 0) return { ok: true, addresses, ttlSeconds: shortest(four, six) };
  if (answers.length > 0) return { ok: false, reason: 'SyntheticAnswer' };
  if (four === undefined && six === undefined) return { ok: false, reason: 'ResolverFailed' };
  return { ok: false, reason: 'NoSuchName' };
}

/** What has no addresses has no time to live either, and does not count. */
function shortest(...responses: readonly (ParsedResponse | undefined)[]): number {
  const times = responses.flatMap(response => {
    if (response === undefined) return [0];
    return response.data.length === 0 ? [] : [response.ttlSeconds];
  });
  return Math.min(...times);
}

const synthetic = parseCidr(syntheticRange);

/** Our own invention, however it came back to us: no address of anybody outside. */
function isSynthetic(address: string): boolean {
  const ip = parseIp(address);
  return synthetic.ok && ip !== undefined && cidrContains(synthetic.cidr, ip);
}

async function ask(
  name: string,
  type: number,
  resolvers: readonly string[],
  signal: AbortSignal,
): Promise<ParsedResponse | undefined> {
  for (let attempt = 0; attempt < attemptsPerServer; attempt++) {
    for (const resolver of resolvers) {
      if (signal.aborted) return undefined;
      const response = await askOne(name, type, parseServer(resolver), signal);
      if (response !== undefined && (response.rcode === rcodes.NoError || response.rcode === rcodes.NxDomain))
        return response;
    }
  }
  return undefined;
}

interface Server {
  readonly address: string;
  readonly port: number;
}

async function askOne(
  name: string,
  type: number,
  server: Server,
  signal: AbortSignal,
): Promise<ParsedResponse | undefined> {
  const id = randomInt(0x10000);
  const query = encodeQuery(id, name, type);
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(attemptMs)]);
  const isOurs = (response: ParsedResponse | undefined) =>
    response !== undefined && response.id === id && response.name === name && response.type === type;
  const overUdp = await askUdp(query, server, isOurs, bounded);
  if (overUdp === undefined || !overUdp.truncated) return overUdp;
  const overTcp = await askTcp(query, server, bounded);
  return isOurs(overTcp) ? overTcp : undefined;
}

/** A connected socket: the kernel drops what others send to it. */
function askUdp(
  query: Buffer,
  server: Server,
  isOurs: (response: ParsedResponse | undefined) => boolean,
  signal: AbortSignal,
): Promise<ParsedResponse | undefined> {
  return new Promise(resolve => {
    const socket = createSocket(server.address.includes(':') ? 'udp6' : 'udp4');
    const settle = (response?: ParsedResponse) => {
      signal.removeEventListener('abort', onAbort);
      socket.removeAllListeners().on('error', () => undefined);
      socket.close();
      resolve(response);
    };
    const onAbort = () => settle();
    if (signal.aborted) return settle();
    signal.addEventListener('abort', onAbort, { once: true });
    let tries = 0;
    const bind = () => socket.bind({ port: randomInt(ownPorts.from, ownPorts.to), exclusive: true });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' && ++tries < portTries) bind();
      else settle();
    });
    socket.on('message', message => {
      const response = parseResponse(message);
      if (response !== undefined && isOurs(response)) settle(response);
    });
    socket.once('connect', () => socket.send(query));
    socket.once('listening', () => socket.connect(server.port, server.address));
    bind();
  });
}

function askTcp(query: Buffer, server: Server, signal: AbortSignal): Promise<ParsedResponse | undefined> {
  return new Promise(resolve => {
    const socket = connect({ host: server.address, port: server.port });
    let received: Buffer = Buffer.alloc(0);
    const settle = (response?: ParsedResponse) => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(response);
    };
    const onAbort = () => settle();
    if (signal.aborted) return settle();
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', () => settle());
    socket.on('close', () => settle());
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0))
        settle(parseResponse(received.subarray(2, 2 + received.readUInt16BE(0))));
    });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    socket.write(Buffer.concat([length, query]));
  });
}

/** `1.2.3.4:53` or `[v6]:53`. */
function parseServer(text: string): Server {
  const colon = text.lastIndexOf(':');
  return { address: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}

function formatFour(data: Buffer): string {
  return data.length === 4 ? [...data].join('.') : '';
}

function formatSix(data: Buffer): string {
  if (data.length !== 16) return '';
  return Array.from({ length: 8 }, (_, index) => data.readUInt16BE(index * 2).toString(16)).join(':');
}
