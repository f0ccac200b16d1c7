// Admission of a WebSocket handshake (RFC 6455, 4; RFC 9110, 7.8). Without permessage-deflate, so that frames stay
// readable: the client's offer is dropped, and an upstream that compresses all the same is refused.
import { createHash } from 'node:crypto';
import { type HeaderField, headerField, listOf, valuesOf } from '../http/header-fields.ts';

export type UpgradeProblem =
  /** No upgrade was asked for: not a WebSocket at all. */
  'NoUpgrade' | 'BadUpgrade' | 'BadMethod' | 'BadVersion' | 'BadKey' | 'HasBody' | 'BadProtocols';

export interface Upgrade {
  readonly key: string;
  /** Subprotocols offered, in order. */
  readonly protocols: readonly string[];
  /** Fields to send upstream in place of what the client sent under `isUpgradeField`. */
  readonly fields: readonly HeaderField[];
}

export type AcceptedUpgrade =
  | { readonly ok: true; readonly upgrade: Upgrade }
  | { readonly ok: false; readonly problem: UpgradeProblem };

/** What a handshake needs of an admitted request. */
export interface UpgradeRequest {
  readonly method: string;
  readonly version: string;
  readonly hasBody: boolean;
  readonly fields: readonly HeaderField[];
}

export type SwitchProblem = 'BadAccept' | 'BadUpgrade' | 'UnofferedExtension' | 'UnofferedProtocol' | 'HasBody';

export type VerifiedSwitch =
  | {
      readonly ok: true;
      readonly protocol?: string;
      /** Fields of the 101 to the client in place of what upstream sent under `isUpgradeField`. */
      readonly fields: readonly HeaderField[];
    }
  | { readonly ok: false; readonly problem: SwitchProblem };

const acceptGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const maxProtocols = 32;

/** Written anew in both directions; the rest of the fields pass as in any exchange. */
export function isUpgradeField(key: string): boolean {
  return key === 'upgrade' || key === 'connection' || key === 'http2-settings' || key.startsWith('sec-websocket-');
}

/** `NoUpgrade` is an ordinary request; every other problem is a 400 (`BadVersion`: 426 with `Sec-WebSocket-Version: 13`). */
export function acceptUpgrade({ method, version, hasBody, fields }: UpgradeRequest): AcceptedUpgrade {
  const upgrades = listOf(fields, 'upgrade');
  if (!upgrades.includes('websocket')) return refuse('NoUpgrade');
  if (upgrades.length > 1 || version !== '1.1') return refuse('BadUpgrade');
  if (!listOf(fields, 'connection').includes('upgrade')) return refuse('BadUpgrade');
  if (method !== 'GET') return refuse('BadMethod');
  if (hasBody) return refuse('HasBody');
  const [wsVersion, ...moreVersions] = valuesOf(fields, 'sec-websocket-version');
  if (wsVersion !== '13' || moreVersions.length > 0) return refuse('BadVersion');
  const [key, ...moreKeys] = valuesOf(fields, 'sec-websocket-key');
  if (key === undefined || moreKeys.length > 0 || !isKey(key)) return refuse('BadKey');
  const protocols = protocolsOf(fields);
  return protocols === undefined ? refuse('BadProtocols') : { ok: true, upgrade: upgradeOf(key, protocols) };
}

/** The accept value that proves the other side spoke WebSocket for this key (RFC 6455, 4.2.2). */
export function acceptValue(key: string): string {
  return createHash('sha1')
    .update(key + acceptGuid)
    .digest('base64');
}

/** Judges upstream's 101 for an upgrade sent; a problem is a 502 and the end of both connections. */
export function verifySwitch(fields: readonly HeaderField[], upgrade: Upgrade): VerifiedSwitch {
  const upgrades = listOf(fields, 'upgrade');
  const isWebSocket = upgrades.length === 1 && upgrades[0] === 'websocket';
  if (!isWebSocket || !listOf(fields, 'connection').includes('upgrade')) return { ok: false, problem: 'BadUpgrade' };
  // A 101 has no body (RFC 9110, 15.2); a length there makes two readers of the first frame.
  if (fields.some(({ key }) => key === 'content-length' || key === 'transfer-encoding'))
    return { ok: false, problem: 'HasBody' };
  const accepts = valuesOf(fields, 'sec-websocket-accept');
  const accept = acceptValue(upgrade.key);
  if (accepts.length !== 1 || accepts[0] !== accept) return { ok: false, problem: 'BadAccept' };
  if (valuesOf(fields, 'sec-websocket-extensions').some(value => value !== ''))
    return { ok: false, problem: 'UnofferedExtension' };
  const [protocol, ...more] = valuesOf(fields, 'sec-websocket-protocol');
  if (more.length > 0 || (protocol !== undefined && !upgrade.protocols.includes(protocol)))
    return { ok: false, problem: 'UnofferedProtocol' };
  return { ok: true, ...(protocol === undefined ? {} : { protocol }), fields: switchFields(accept, protocol) };
}

function refuse(problem: UpgradeProblem): AcceptedUpgrade {
  return { ok: false, problem };
}

/** Base64 of exactly 16 bytes, in its one canonical spelling. */
function isKey(value: string): boolean {
  const bytes = Buffer.from(value, 'base64');
  return bytes.length === 16 && bytes.toString('base64') === value;
}

function protocolsOf(fields: readonly HeaderField[]): readonly string[] | undefined {
  // Case-sensitive, so not through listOf.
  const offered = valuesOf(fields, 'sec-websocket-protocol').flatMap(value =>
    value.split(',').map(name => name.trim()),
  );
  const isSound = offered.length <= maxProtocols && offered.every(name => tokenPattern.test(name));
  return isSound && new Set(offered).size === offered.length ? offered : undefined;
}

function upgradeOf(key: string, protocols: readonly string[]): Upgrade {
  const fields = [
    headerField('Connection', 'Upgrade'),
    headerField('Upgrade', 'websocket'),
    headerField('Sec-WebSocket-Version', '13'),
    headerField('Sec-WebSocket-Key', key),
  ];
  if (protocols.length > 0) fields.push(headerField('Sec-WebSocket-Protocol', protocols.join(', ')));
  return { key, protocols, fields };
}

function switchFields(accept: string, protocol: string | undefined): readonly HeaderField[] {
  const fields = [
    headerField('Connection', 'Upgrade'),
    headerField('Upgrade', 'websocket'),
    headerField('Sec-WebSocket-Accept', accept),
  ];
  if (protocol !== undefined) fields.push(headerField('Sec-WebSocket-Protocol', protocol));
  return fields;
}
