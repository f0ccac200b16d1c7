import type { KubeClient, ResourceRef } from '../../kube/types.ts';
import { resources, type WebhookConfiguration } from '../resources.ts';
import { extendTrust } from './trust-bundle.ts';

const kinds = [resources.validatingWebhooks, resources.mutatingWebhooks] as const;
const maxAttempts = 5;

/**
 * Writes the authorities (PEM) into both configurations of that name; a configuration that is not there is left away: whoever took
 * it away has switched the webhook off. True where something was written. Throws on a refusal.
 */
export async function publishTrust(client: KubeClient, name: string, trust: string, nowMs: number): Promise<boolean> {
  let hasChanged = false;
  for (const kind of kinds) hasChanged = (await publishIn(client, kind, name, trust, nowMs)) || hasChanged;
  return hasChanged;
}

async function publishIn(
  client: KubeClient,
  kind: ResourceRef<WebhookConfiguration>,
  name: string,
  trust: string,
  nowMs: number,
): Promise<boolean> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const configuration = await client.get(kind, { name });
    const webhooks = configuration?.webhooks ?? [];
    const wanted = webhooks.map(webhook => {
      const present = Buffer.from(webhook.clientConfig.caBundle ?? '', 'base64').toString('utf8');
      const caBundle = Buffer.from(extendTrust(present, trust, nowMs)).toString('base64');
      return { ...webhook, clientConfig: { ...webhook.clientConfig, caBundle } };
    });
    const isUnchanged = webhooks.every(
      (webhook, at) => webhook.clientConfig.caBundle === wanted[at]?.clientConfig.caBundle,
    );
    if (configuration === undefined || isUnchanged) return false;
    const { uid, resourceVersion } = configuration.metadata;
    // The list as a whole, as it was read: the version is the precondition.
    const written = await client.mergePatch(kind, { name }, { metadata: { uid, resourceVersion }, webhooks: wanted });
    if (written.ok) return true;
    if (written.refusal.status !== 409)
      throw new Error(`${kind.kind} ${name} cannot be written: ${written.refusal.message}`);
  }
  throw new Error(`${kind.kind} ${name} changes each time it is read`);
}
