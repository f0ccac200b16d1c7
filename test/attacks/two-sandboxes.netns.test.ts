// What one sandbox has is of no use in another: two pods on the same wires, each with its own guard and sidecar.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Pod } from '../netns/pod.ts';
import type { Sidecar } from '../netns/sidecar.ts';
import { inspect } from '../netns/snapshot-parts.ts';
import { type DataPath, startDataPath } from './data-path.ts';
import { type Neighbour, startNeighbour } from './start-neighbour.ts';

let path: DataPath;
let neighbour: Neighbour;
beforeAll(async () => {
  path = await startDataPath('ts');
  neighbour = await startNeighbour(path.outside);
});
afterAll(async () => {
  await neighbour?.close();
  await path?.close();
});
beforeEach(async () => {
  await path.reset();
  const policy = { rules: [inspect(['api.test'], { access: 'ReadOnly' })] };
  for (const hub of [path.hub, neighbour.hub]) await hub.apply({ policy });
});

const caFile = ({ files }: Sidecar) => join(files.shared, 'ca.crt');
const certificate = (sidecar: Sidecar) => new X509Certificate(readFileSync(caFile(sidecar)));
const publicKey = (sidecar: Sidecar) => certificate(sidecar).publicKey.export({ type: 'spki', format: 'pem' });

/** curl's exit code and the status of the answer, with trust in that one authority. */
const fetchTrusting = async (pod: Pod, trusted: Sidecar) => {
  const write = ['-o', '/dev/null', '-w', '%{http_code}'];
  const curl = ['curl', '-sS', '-m', '8', '--capath', '/nonexistent', '--cacert', caFile(trusted), ...write];
  const { exitCode, stdout } = await pod.run([...curl, 'https://api.test/']);
  return { exitCode, status: stdout };
};

test('T14 the CA of one sandbox speaks for nothing in another, and neither is trusted there', async () => {
  expect(publicKey(path.sidecar)).not.toEqual(publicKey(neighbour.sidecar));
  // Control: in each, its own is what the inspected host is verified by.
  expect(await fetchTrusting(path.pod, path.sidecar)).toEqual({ exitCode: 0, status: '200' });
  expect(await fetchTrusting(neighbour.pod, neighbour.sidecar)).toEqual({ exitCode: 0, status: '200' });
  await path.outside.reset();
  const untrusted = { exitCode: 60, status: '000' };
  expect(await fetchTrusting(path.pod, neighbour.sidecar)).toEqual(untrusted);
  expect(await fetchTrusting(neighbour.pod, path.sidecar)).toEqual(untrusted);
  expect(await path.outside.requests()).toEqual([]);
  for (const [own, other] of [
    [path.sidecar, neighbour.sidecar],
    [neighbour.sidecar, path.sidecar],
  ] as const) {
    const bundle = readFileSync(join(own.files.shared, 'ca-bundle.crt'), 'utf8');
    expect(bundle).toContain(certificate(own).toString().trim());
    expect(bundle).not.toContain(certificate(other).toString().trim());
  }
});
