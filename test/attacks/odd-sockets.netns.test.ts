// Catalogue N: socket options that need no right and lead packets elsewhere than the routing table would.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type DataPath, startDataPath } from './data-path.ts';
import { oddWays, tryOddSockets } from './odd-sockets.ts';

const v4 = '198.51.100.77';
const v6 = '2001:db8:77::1';
/** Where the answer would go: no address of the pod. */
const claimed = '2001:db8:9::9';

let path: DataPath;
beforeAll(async () => {
  path = await startDataPath('od');
});
afterAll(async () => path?.close());
beforeEach(async () => path.reset());

test('positive control: without the fence each of them puts a packet on the wire', async () => {
  for (const way of oddWays) {
    await path.openPod.run(tryOddSockets(way, v4, v6, claimed));
    await path.capture.expectSome(`${way} from the open pod`, path.openPod.sent);
    await path.forgetPackets();
  }
});

test.each(oddWays)('%s: neither the packet nor an answer to it leaves', async way => {
  const { stdout } = await path.sidecar.runAgent(tryOddSockets(way, v4, v6, claimed));
  await path.capture.expectNone('anything from the pod', path.sent);
  expect(stdout).toMatch(/^tried/);
});
