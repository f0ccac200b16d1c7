// A hub for the data path without an operator: real TLS and HTTP/2, the real protocol, and a test that says what to push.
// It listens on a unix socket; the outside world passes connections to `address` on to it.
import { mkdtempSync, rmSync } from 'node:fs';
import {
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { compareRevisions, type Revision } from '../../protocol/revision.ts';
import {
  type DenialFrame,
  type DownFrame,
  protocolVersion,
  type Standing,
  sessionPath,
  type UpFrame,
} from '../../protocol/session.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { waitUntil } from '../cluster/base/wait-until.ts';
import type { Outside } from '../outside/client/outside.ts';
import { hubCertificates } from './hub-certificates.ts';
import { changedParts, emptySnapshot, type SnapshotParts, withParts } from './snapshot-parts.ts';

export interface TestHubOptions {
  readonly outside: Outside;
  readonly port?: number;
  /** The first snapshot; nothing is allowed and nothing routed unless said. */
  readonly parts?: SnapshotParts;
}

type FrameOf<T extends UpFrame['type']> = Extract<UpFrame, { readonly type: T }>;
/** Name of the ApprovalRequest, or why there is none. */
type AskedAnswer = { readonly approval: string } | { readonly reason: string };

/** In no pod's subnet, and no address that policies let through. */
const hubAddress = '10.209.0.1';

export class TestHub {
  /** For podinfo. */
  readonly address: string;
  readonly caPem: string;
  /** The only token it takes. */
  readonly token = 'token-of-the-test-pod';
  /** Whatever came up, oldest first. */
  readonly frames: UpFrame[] = [];
  /** Names the memory in which the sidecar counts uses, as its last hello said. */
  countedBy = '';
  /** Decides what a denial is answered with. */
  answerDenial: (denial: DenialFrame) => AskedAnswer = ({ host, port }) => ({ approval: `apr-${host}-${port}` });
  readonly #standings = new Map<string, Standing>();
  readonly #folder = mkdtempSync(join(tmpdir(), 'cr-hub-'));
  readonly #port: number;
  readonly #outside: Outside;
  readonly #certificates = hubCertificates();
  readonly #streams = new Set<ServerHttp2Stream>();
  #server: Http2SecureServer | undefined;
  #snapshot: Snapshot;
  #sessions = 0;

  constructor({ outside, port = 8443, parts = {} }: TestHubOptions) {
    this.#outside = outside;
    this.#port = port;
    this.address = `${hubAddress}:${port}`;
    this.caPem = this.#certificates.caPem;
    this.#snapshot = withParts(emptySnapshot(outside.dnsAddress), parts);
  }

  /** Sessions opened so far. */
  get sessions(): number {
    return this.#sessions;
  }

  async waitForSession(count: number): Promise<void> {
    const ask = () => (this.#sessions >= count ? true : undefined);
    await waitUntil(ask, { what: `session ${count} of the sidecar`, timeoutMs: 20_000, intervalMs: 10 });
  }

  get revision(): Revision {
    return this.#snapshot.revision;
  }

  async start(): Promise<void> {
    const { cert, key } = this.#certificates;
    const server = createSecureServer({ cert, key, minVersion: 'TLSv1.3' });
    server.on('stream', (stream, headers) => this.#serve(stream as ServerHttp2Stream, headers));
    server.on('sessionError', () => undefined);
    this.#server = server;
    const path = join(this.#folder, 'hub.sock');
    rmSync(path, { force: true });
    await new Promise<void>(resolve => server.listen(path, resolve));
    await this.#outside.listen(this.#port, { kind: 'unix', path });
  }

  /** As if the operator were gone: nobody listens, open sessions end. */
  async stop(): Promise<void> {
    await this.#outside.unlisten(this.#port);
    this.#server?.close();
    for (const stream of this.#streams) stream.session?.destroy();
    this.#server = undefined;
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Sends what changes to the open sessions and answers the revision. */
  push(parts: SnapshotParts): Revision {
    const { epoch, counter } = this.#snapshot.revision;
    return this.pushAs({ epoch, counter: counter + 1 }, parts);
  }

  /** With a revision of the test's choice, which the sidecar may refuse. */
  pushAs(revision: Revision, parts: SnapshotParts): Revision {
    this.#snapshot = { ...withParts(this.#snapshot, parts), revision };
    this.#broadcast({ type: 'snapshot', snapshot: changedParts(this.#snapshot, parts) });
    return revision;
  }

  /** Pushes and waits until the sidecar says that it is in force. */
  async apply(parts: SnapshotParts): Promise<FrameOf<'ack'>> {
    return this.waitForAck(this.push(parts));
  }

  async waitForAck(revision: Revision): Promise<FrameOf<'ack'>> {
    return this.waitFor('ack', ack => compareRevisions(ack.revision, revision) >= 0);
  }

  /** As if a person had refused a request or put it off. */
  decide(approval: string, standing: Standing | undefined): void {
    if (standing === undefined) this.#standings.delete(approval);
    else this.#standings.set(approval, standing);
    this.#broadcast({ type: 'decided', approval, ...(standing === undefined ? {} : { standing }) });
  }

  framesOf<T extends UpFrame['type']>(type: T): readonly FrameOf<T>[] {
    return this.frames.filter((frame): frame is FrameOf<T> => frame.type === type);
  }

  async waitFor<T extends UpFrame['type']>(
    type: T,
    matches: (frame: FrameOf<T>) => boolean = () => true,
    timeoutMs = 10_000,
  ): Promise<FrameOf<T>> {
    return waitUntil(() => this.framesOf(type).find(matches), {
      what: `a frame '${type}' from the sidecar`,
      timeoutMs,
      intervalMs: 2,
      explain: () => `frames so far: ${JSON.stringify(this.frames.slice(-20))}`,
    });
  }

  #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    stream.on('error', () => stream.destroy());
    const refused = this.#refusal(headers);
    if (refused !== undefined) {
      stream.respond({ ':status': refused }, { endStream: true });
      return;
    }
    stream.respond({ ':status': 200, 'content-type': 'application/x-ndjson' });
    this.#sessions++;
    this.#streams.add(stream);
    stream.on('close', () => this.#streams.delete(stream));
    createInterface({ input: stream }).on('line', line => this.#receive(stream, JSON.parse(line) as UpFrame));
  }

  #answer(denial: DenialFrame): AskedAnswer & { readonly standing?: Standing } {
    const answer = this.answerDenial(denial);
    const standing = 'approval' in answer ? this.#standings.get(answer.approval) : undefined;
    return standing === undefined ? answer : { ...answer, standing };
  }

  #refusal(headers: IncomingHttpHeaders): number | undefined {
    if (headers[':method'] !== 'POST' || headers[':path'] !== sessionPath) return 404;
    return headers.authorization === `Bearer ${this.token}` ? undefined : 401;
  }

  #receive(stream: ServerHttp2Stream, frame: UpFrame): void {
    this.frames.push(frame);
    if (frame.type === 'denial') send(stream, { type: 'asked', id: frame.id, ...this.#answer(frame) });
    if (frame.type !== 'hello') return;
    this.countedBy = frame.countedBy ?? '';
    send(stream, {
      type: 'welcome',
      protocol: protocolVersion,
      sandbox: 'test/sandbox',
      controlPort: this.#port,
      forbiddenPort: this.#port + 1,
      canaryAddress: hubAddress,
    });
    send(stream, { type: 'snapshot', snapshot: this.#snapshot });
  }

  #broadcast(frame: DownFrame): void {
    for (const stream of this.#streams) send(stream, frame);
  }
}

function send(stream: ServerHttp2Stream, frame: DownFrame): void {
  stream.write(`${JSON.stringify(frame)}\n`);
}

export async function startTestHub(options: TestHubOptions): Promise<TestHub> {
  const hub = new TestHub(options);
  await hub.start();
  return hub;
}
