// A namespace for one test file: made before its tests, deleted after them, with a name nobody else has.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { currentCluster } from './current-cluster.ts';

/** Call at the top of a test file; answers the name at once, the namespace exists when the tests run. */
export function testNamespace(prefix: string, labels: Readonly<Record<string, string>> = {}): string {
  const name = `${prefix}-${randomBytes(4).toString('hex')}`;
  beforeAll(async () => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
    await currentCluster().kubectl(['create', '--filename=-'], { stdin: JSON.stringify(namespace) });
  });
  afterAll(async () => {
    await currentCluster().kubectl(['delete', 'namespace', name, '--wait=false']);
  });
  return name;
}
