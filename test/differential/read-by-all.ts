import assert from 'node:assert/strict';
import { METHODS } from 'node:http';
import { comparable, type ReadRequest } from './reading.ts';
import type { Reader } from './start-reader.ts';
import type { RecordingUpstream } from './start-recording-upstream.ts';

type Refuses = Reader['refuses'];

/** The requests of all connections, as node and every reader have them; throws where two disagree. */
export async function readByAll(
  kind: 'h1' | 'h2',
  { connections }: Pick<RecordingUpstream, 'connections'>,
  readers: readonly Reader[],
): Promise<ReadRequest[]> {
  const all: ReadRequest[] = [];
  for (const { bytes, requests } of connections) {
    const wire = Buffer.concat(bytes);
    for (const reader of readers) {
      const { requests: theirs } = await reader.read(kind, wire);
      // The last one may have been broken off, with the agent.
      const whole = theirs.filter(({ problem }) => problem === undefined);
      const refuses: Refuses = request => reader.refuses(request) || (kind === 'h1' && isUnknownToNode(request));
      assert.deepEqual(
        listOf(kind, whole, refuses),
        listOf(kind, requests, refuses),
        `${reader.name} and node disagree on ${JSON.stringify(wire.toString('latin1'))}`,
      );
    }
    all.push(...requests);
  }
  return all;
}

const nodesMethods: ReadonlySet<string> = new Set(METHODS);
const isUnknownToNode: Refuses = ({ method }) => !nodesMethods.has(method);

/**
 * What one of two may answer with 400 is no difference of meaning: of HTTP/1.1 nothing more is read then, a stream of HTTP/2
 * is refused alone. Streams have no order among each other.
 */
function listOf(kind: 'h1' | 'h2', requests: readonly ReadRequest[], refuses: Refuses): readonly object[] {
  if (kind === 'h1') {
    const refused = requests.findIndex(refuses);
    return requests.slice(0, refused < 0 ? undefined : refused).map(comparable);
  }
  const list = requests.filter(request => !refuses(request)).map(comparable);
  return list.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
}
