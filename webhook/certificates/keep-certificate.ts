// Certificate and trust, from the first start to the last day: nothing is served that the API server does not trust by then.
import { keepServerKeys } from '../../kube/tls/keep-server-keys.ts';
import { type ServerKeys, trustBundle } from '../../kube/tls/renew-server-keys.ts';
import type { Clock, KubeClient, ObjectName } from '../../kube/types.ts';
import { wait } from '../../kube/wait.ts';
import { publishTrust } from './publish-trust.ts';

export interface CertificateOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly secret: ObjectName;
  readonly configuration: string;
  readonly serverName: string;
  readonly serve: (keys: Pick<ServerKeys, 'cert' | 'key'>) => void;
  /** For API servers to hear of another authority before something is served that it signed. */
  readonly settleMs?: number;
}

const defaultSettleMs = 2_000;

/** One look: keys are read, or made and written; then they are trusted; then they are served. Answers what is served. */
export async function keepCertificate(
  { client, clock, secret, configuration, serverName, serve, settleMs = defaultSettleMs }: CertificateOptions,
  served: ServerKeys | undefined,
  signal: AbortSignal,
): Promise<ServerKeys> {
  const keys = await keepServerKeys(client, secret, clock.nowMs(), serverName);
  const hasChanged = await publishTrust(client, configuration, trustBundle(keys), clock.nowMs());
  if (served?.cert === keys.cert) return keys;
  if (hasChanged) await wait(settleMs, clock, signal);
  serve(keys);
  return keys;
}
