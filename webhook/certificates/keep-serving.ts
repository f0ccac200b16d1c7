// Looks at the certificate again and again: when a while has passed, and whenever somebody touches the configurations.
import { runWatch, type WatchTrouble } from '../../kube/run-watch.ts';
import type { Transport } from '../../kube/transport.ts';
import { wait } from '../../kube/wait.ts';
import { resources } from '../resources.ts';
import { type CertificateOptions, keepCertificate } from './keep-certificate.ts';

export interface KeepServingOptions extends CertificateOptions {
  readonly transport: Transport;
  readonly random: () => number;
  /** Between two looks when nothing happens. */
  readonly checkMs?: number;
  /** Another certificate than before is served, and trusted. */
  readonly onServed: () => void;
  readonly onFailure: (error: unknown) => void;
  readonly onTrouble: (trouble: WatchTrouble) => void;
}

const defaultCheckMs = 30_000;
const retryMs = 1_000;

/** Runs until the signal aborts; whatever goes wrong is told and tried again. */
export async function keepServing(options: KeepServingOptions, signal: AbortSignal): Promise<void> {
  const { clock, configuration, checkMs = defaultCheckMs } = options;
  let changed = Promise.withResolvers<void>();
  const onChange = () => changed.resolve();
  const scope = { fieldSelector: `metadata.name=${configuration}` };
  // Whoever applies the chart's own text again takes the trust out of it: calls fail until it is back.
  for (const resource of [resources.validatingWebhooks, resources.mutatingWebhooks])
    void runWatch({ ...options, resource, scope, onChange }, signal);
  let served: Awaited<ReturnType<typeof keepCertificate>> | undefined;
  while (!signal.aborted) {
    changed = Promise.withResolvers();
    try {
      const keys = await keepCertificate(options, served, signal);
      if (keys.cert !== served?.cert) options.onServed();
      served = keys;
      await Promise.race([changed.promise, wait(checkMs, clock, signal)]);
    } catch (error) {
      options.onFailure(error);
      await wait(retryMs, clock, signal);
    }
  }
}
