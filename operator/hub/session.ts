// One sidecar's session: frames in, frames out, what it holds. Transport and clock are parameters.
import { compareRevisions, type Revision } from '../../protocol/revision.ts';
import {
  type DenialFrame,
  type DownFrame,
  protocolVersion,
  type Standing,
  type UpFrame,
} from '../../protocol/session.ts';
import { type AckedHashes, changedParts, hashesOf, type PartHashes } from './changed-parts.ts';
import type { FullSnapshot } from './full-snapshot.ts';
import { parseUpFrame } from './parse-up-frame.ts';

/** Who is at the other end, as TokenReview and the operator's own record say. */
export interface SessionPeer {
  readonly sandboxUid: string;
  readonly namespace: string;
  readonly sandbox: string;
  /** Who made the Sandbox, where that is known. */
  readonly createdBy?: string;
  readonly podUid: string;
  readonly address: string;
}

export interface SessionTransport {
  send(line: string): void;
  /** Bytes accepted by `send` that the peer has not taken yet. */
  bufferedBytes(): number;
  end(): void;
}

export interface SessionEvents {
  hello(peer: SessionPeer, hello: Pick<Extract<UpFrame, { type: 'hello' }>, 'sidecar' | 'countedBy'>): void;
  acked(peer: SessionPeer, revision: Revision, grants: readonly string[]): void;
  report(peer: SessionPeer, frame: Exclude<UpFrame, { type: 'hello' | 'ack' | 'denial' }>): void;
  denial(peer: SessionPeer, frame: DenialFrame, answer: (asked: AskedAnswer) => void): void;
}

export interface AskedAnswer {
  readonly approval?: string;
  readonly standing?: Standing;
  readonly reason?: string;
}

export interface Canaries {
  readonly controlPort: number;
  readonly forbiddenPort: number;
  /** The hub pod's own address: through a Service the forbidden port would fail for another reason. */
  readonly address: string;
}

/** N and N−1 are understood; version 0 was never released. */
const oldestProtocol = Math.max(1, protocolVersion - 1);
/** Above this the peer is not reading: snapshots coalesce to the newest, answers are dropped and counted. */
const maxBufferedBytes = 1024 * 1024;
/** Sent snapshots that have not been acked; an ack of an older one counts for nothing. */
const maxUnacked = 64;

export class Session {
  readonly peer: SessionPeer;
  readonly #transport: SessionTransport;
  readonly #events: SessionEvents;
  readonly #canaries: Canaries;
  #phase: 'AwaitHello' | 'Open' | 'Closed' = 'AwaitHello';
  #latest: FullSnapshot | undefined;
  /** Hashes are absent after a nack: who knows which parts the peer kept. */
  #sent: { readonly revision: Revision; readonly hashes?: PartHashes } | undefined;
  #unacked: { readonly revision: Revision; readonly grants: readonly string[] }[] = [];
  /** Answers that a peer which does not read has lost. */
  droppedAnswers = 0;

  constructor(peer: SessionPeer, transport: SessionTransport, events: SessionEvents, canaries: Canaries) {
    this.peer = peer;
    this.#transport = transport;
    this.#events = events;
    this.#canaries = canaries;
  }

  /** Takes one line of the peer. A bad one ends the session: there is no telling what the peer believes then. */
  receive(line: string): void {
    if (this.#phase === 'Closed') return;
    const parsed = parseUpFrame(line);
    if (parsed.ok === 'unknown') return;
    if (!parsed.ok) return this.close(`BadFrame: ${parsed.reason}`);
    const { frame } = parsed;
    if (this.#phase === 'AwaitHello') return frame.type === 'hello' ? this.#open(frame) : this.close('HelloExpected');
    this.#handle(frame);
  }

  /** The newest snapshot of this sandbox; sent at once when the peer is ready for it. */
  offer(snapshot: FullSnapshot): void {
    if (this.#latest && compareRevisions(snapshot.revision, this.#latest.revision) <= 0) return;
    this.#latest = snapshot;
    this.flush();
  }

  /** Sends what is waiting; the transport calls it again when it has drained. */
  flush(): void {
    const full = this.#latest;
    if (this.#phase !== 'Open' || full === undefined || this.#transport.bufferedBytes() > maxBufferedBytes) return;
    if (this.#sent && compareRevisions(full.revision, this.#sent.revision) <= 0) return;
    this.#send({ type: 'snapshot', snapshot: changedParts(full, this.#sent?.hashes) });
    this.#sent = { revision: full.revision, hashes: hashesOf(full) };
    this.#unacked = [
      ...this.#unacked,
      { revision: full.revision, grants: full.grants.items.map(({ id }) => id) },
    ].slice(-maxUnacked);
  }

  /** How a request stands now, for those who wait for it. */
  decided(approval: string, standing: Standing | undefined): void {
    this.#tell({ type: 'decided', approval, ...(standing === undefined ? {} : { standing }) });
  }

  close(reason: string): void {
    if (this.#phase === 'Closed') return;
    this.#send({ type: 'close', reason });
    this.#phase = 'Closed';
    this.#transport.end();
  }

  #open(hello: Extract<UpFrame, { type: 'hello' }>): void {
    const { protocol } = hello;
    if (protocol < oldestProtocol || protocol > protocolVersion + 1)
      return this.close(`ProtocolUnsupported: ${protocol}; this hub speaks ${oldestProtocol} to ${protocolVersion}`);
    this.#phase = 'Open';
    const { controlPort, forbiddenPort, address } = this.#canaries;
    this.#send({
      type: 'welcome',
      protocol: Math.min(protocol, protocolVersion),
      sandbox: `${this.peer.namespace}/${this.peer.sandbox}`,
      controlPort,
      forbiddenPort,
      canaryAddress: address,
    });
    this.#events.hello(this.peer, hello);
    this.flush();
  }

  #handle(frame: UpFrame): void {
    switch (frame.type) {
      case 'hello':
        return this.close('HelloTwice');
      case 'ack':
        return this.#ack(frame.revision, frame.hashes);
      case 'denial':
        return this.#events.denial(this.peer, frame, answer => this.#answer(frame.id, answer));
      case 'nack':
        if (this.#sent) this.#sent = { revision: this.#sent.revision };
        return this.#events.report(this.peer, frame);
      case 'usage':
      case 'uses':
      case 'health':
      case 'networkPolicy':
        return this.#events.report(this.peer, frame);
    }
  }

  /** Only what was sent can be acked, and only with the hashes that were sent. */
  #ack(revision: Revision, hashes: AckedHashes): void {
    const acked = this.#unacked.find(sent => compareRevisions(sent.revision, revision) === 0);
    if (acked === undefined) return;
    const newest = this.#sent;
    if (newest?.hashes && compareRevisions(newest.revision, revision) === 0 && !sameHashes(newest.hashes, hashes))
      return this.close('AckMismatch: the acknowledged hashes are not those of the snapshot');
    this.#unacked = this.#unacked.filter(sent => compareRevisions(sent.revision, revision) > 0);
    this.#events.acked(this.peer, revision, acked.grants);
  }

  #answer(id: number, answer: AskedAnswer): void {
    this.#tell({ type: 'asked', id, ...answer });
  }

  /** What a peer that does not read may lose: it asks again. */
  #tell(frame: DownFrame): void {
    if (this.#phase !== 'Open') return;
    if (this.#transport.bufferedBytes() > maxBufferedBytes) this.droppedAnswers++;
    else this.#send(frame);
  }

  #send(frame: DownFrame): void {
    this.#transport.send(`${JSON.stringify(frame)}\n`);
  }
}

function sameHashes(a: AckedHashes, b: AckedHashes): boolean {
  return a.policy === b.policy && a.grants === b.grants && a.route === b.route;
}
