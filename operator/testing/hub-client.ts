// A sidecar's end of the hub session, over real TLS, for tests.
import { connect } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { hubServerName } from '../../protocol/constants.ts';
import type { DownFrame, UpFrame } from '../../protocol/session.ts';
import { sessionPath } from '../../protocol/session.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';

export interface HubClient {
  readonly status: number;
  readonly frames: readonly DownFrame[];
  readonly closed: boolean;
  say(frame: UpFrame): void;
  sayRaw(text: string): void;
  /** The newest parts of all snapshots so far. */
  snapshot(): Snapshot | undefined;
  /** Acks every snapshot as it comes. */
  ackAll(): void;
  /** Calls `listener` with every frame from now on. */
  onFrame(listener: (frame: DownFrame) => void): void;
  /** Resolves with the first frame, past or future, that passes. */
  frame<T extends DownFrame>(passes: (frame: DownFrame) => frame is T): Promise<T>;
  end(): void;
}

/** `localAddress`: one address may have only so many connections; loopback has many addresses. */
export async function connectToHub(
  port: number,
  trust: string,
  token: string,
  localAddress = '127.0.0.1',
): Promise<HubClient> {
  const session = connect(`https://127.0.0.1:${port}`, {
    createConnection: () => {
      const socket = connectTcp({ host: '127.0.0.1', port, localAddress });
      return connectTls({ socket, ca: trust, servername: hubServerName, ALPNProtocols: ['h2'] });
    },
  });
  session.on('error', () => undefined);
  const stream = session.request({ ':method': 'POST', ':path': sessionPath, authorization: `Bearer ${token}` });
  const frames: DownFrame[] = [];
  const waiting = new Set<(frame: DownFrame) => void>();
  let rest = '';
  let closed = false;
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines.filter(text_ => text_.startsWith('{'))) {
      const frame = JSON.parse(line) as DownFrame;
      frames.push(frame);
      for (const look of waiting) look(frame);
    }
  });
  stream.on('close', () => {
    closed = true;
    session.close();
  });
  stream.on('end', () => stream.end());
  stream.on('error', () => undefined);
  const status = await new Promise<number>((resolve, reject) => {
    stream.on('response', headers => resolve(headers[':status'] ?? 0));
    session.on('error', reject);
  });
  const say = (frame: UpFrame) => void stream.write(`${JSON.stringify(frame)}\n`);
  const snapshot = (): Snapshot | undefined => {
    const all = frames.flatMap(frame => (frame.type === 'snapshot' ? [frame.snapshot] : []));
    return all.length === 0 ? undefined : Object.assign({}, ...all);
  };
  const ack = () => {
    const { revision, policy, grants, route } = snapshot() ?? {};
    if (revision === undefined) return;
    const hashes = { policy: policy?.hash ?? '', grants: grants?.hash ?? '', route: route?.hash ?? '' };
    say({ type: 'ack', revision, hashes, closed: 0 });
  };
  return {
    status,
    frames,
    get closed() {
      return closed;
    },
    say,
    sayRaw: text => void stream.write(text),
    snapshot,
    ackAll: () => {
      ack();
      waiting.add(frame => {
        if (frame.type === 'snapshot') ack();
      });
    },
    onFrame: listener => void waiting.add(listener),
    frame: <T extends DownFrame>(passes: (frame: DownFrame) => frame is T) =>
      new Promise<T>(resolve => {
        const past = frames.find(passes);
        if (past) return resolve(past);
        const look = (frame: DownFrame) => {
          if (!passes(frame)) return;
          waiting.delete(look);
          resolve(frame);
        };
        waiting.add(look);
      }),
    end: () => session.destroy(),
  };
}
