import type { Socket } from 'node:net';
import { type Host, hostText, parseHost } from '../../engine/canonical/host.ts';
import { peekBytes } from '../listen/peek-bytes.ts';
import { type ClientHello, readClientHello } from '../tls/read-client-hello.ts';

export type Sniffed =
  /** `serverName` is canonical; undefined when the client sent none. */
  | { readonly kind: 'TLS'; readonly serverName: string | undefined }
  | { readonly kind: 'HTTP' }
  | { readonly kind: 'Other' }
  /** The client waits for the server to speak. */
  | { readonly kind: 'Silent' }
  | { readonly kind: 'Bad'; readonly problem: string };

const requestLine = /^[A-Z]{3,20} /;
const longestMethod = 24;

/** Looks at the first bytes without consuming them. */
export async function sniffProtocol(socket: Socket, silentAfterMs: number): Promise<Sniffed> {
  let hello: ClientHello = { kind: 'needMore' };
  let first = '';
  const peeked = await peekBytes(
    socket,
    bytes => {
      hello = readClientHello(bytes);
      first = bytes.toString('latin1', 0, longestMethod);
      return hello.kind === 'notTls' ? isEnoughForHttp(first) : hello.kind !== 'needMore';
    },
    silentAfterMs,
  );
  if (peeked === 'Closed' && first === '') return { kind: 'Bad', problem: 'ClientClosed' };
  if (first === '') return { kind: 'Silent' };
  return judge(hello, first);
}

/** A method is at most a few letters; anything else is decided by its first bytes. */
function isEnoughForHttp(first: string): boolean {
  return !/^[A-Z]{0,20}$/.test(first) || first.length >= longestMethod;
}

function judge(hello: ClientHello, first: string): Sniffed {
  if (hello.kind === 'tls') return readServerName(hello.serverName);
  if (hello.kind === 'malformed') return { kind: 'Bad', problem: hello.problem };
  if (hello.kind === 'needMore') return { kind: 'Bad', problem: 'HelloIncomplete' };
  return requestLine.test(first) ? { kind: 'HTTP' } : { kind: 'Other' };
}

function readServerName(text: string | undefined): Sniffed {
  if (text === undefined) return { kind: 'TLS', serverName: undefined };
  const host = parseHost(text);
  return host.kind === 'name' ? { kind: 'TLS', serverName: host.name } : { kind: 'Bad', problem: 'BadServerName' };
}

/** A name must be asked for by that very name; an address, which was allowed as such, by anything. */
export function isSameServer(serverName: string | undefined, host: Host): boolean {
  return host.kind === 'ip' || serverName === hostText(host);
}
