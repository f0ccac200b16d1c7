// Certificate and authority change while the real API server calls: no call fails. Also where another replica still serves the old one.
import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createKubeClient } from '../../kube/kube-client.ts';
import { loadKubeconfig } from '../../kube/load-kubeconfig.ts';
import { systemClock } from '../../kube/system-clock.ts';
import { renewServerKeys, type ServerKeys } from '../../kube/tls/renew-server-keys.ts';
import { openTransport, type Transport } from '../../kube/transport.ts';
import type { Clock } from '../../kube/types.ts';
import { currentCluster } from '../../test/cluster/current-cluster.ts';
import { testNamespace } from '../../test/cluster/test-namespace.ts';
import { type RunningWebhook, runWebhook } from '../run-webhook.ts';
import { type ApiCaller, openApiCaller } from '../testing/api-caller.ts';
import { installWithWebhook, routeWebhook, uninstallWithWebhook, webhookNamespace } from '../testing/webhook-lab.ts';

const namespace = testNamespace('rotation', {
  'creel.dev/sandboxes': 'true',
  'pod-security.kubernetes.io/enforce': 'privileged',
});
const serverName = `creel-webhook.${webhookNamespace}.svc`;
const dayMs = 24 * 3_600_000;
const slowMs = 240_000;
const silent = { info: () => undefined, warn: () => undefined };

let transport: Transport | undefined;
let caller: ApiCaller | undefined;
const end = new AbortController();

beforeAll(async () => {
  await installWithWebhook();
  const user = `system:serviceaccount:${webhookNamespace}:creel-webhook`;
  const kubeconfig = await currentCluster().clientFor(user, ['system:serviceaccounts', 'system:authenticated']);
  transport = openTransport(await loadKubeconfig(kubeconfig));
  caller = await openApiCaller();
});
afterAll(async () => {
  end.abort();
  await caller?.close();
  await transport?.close();
  await uninstallWithWebhook();
});

test(
  'an authority at half its life hands over under load, and again when the Secret is thrown away',
  async () => {
    // An authority that is a quarter of an hour before the half of its life, and its present certificate.
    let offsetMs = 0;
    const clock: Clock = { ...systemClock, nowMs: () => Date.now() + offsetMs };
    await writeKeys(agedKeys(Date.now()));
    const [first, second] = [await start(clock), await start(clock)];
    await routeWebhook(first.port);
    const before = await servedBy(first);
    const authority = (await trusted()).find(ca => before.verify(ca.publicKey));
    if (authority === undefined) throw new Error('what is served is signed by nobody who is trusted');
    const isHandedOver = (webhook: RunningWebhook) => async () =>
      !(await servedBy(webhook)).verify(authority.publicKey);
    const load = startLoad(end.signal);
    await load.atLeast(50);

    offsetMs = 45 * 60_000;
    await expect.poll(isHandedOver(first), { timeout: 60_000 }).toBe(true);
    await load.atLeast(50);
    // The other one has not looked since, say: it would still be believed.
    expect((await trusted()).some(ca => before.verify(ca.publicKey))).toBe(true);
    await expect.poll(isHandedOver(second), { timeout: 60_000 }).toBe(true);
    await routeWebhook(second.port);
    await load.atLeast(50);

    const handedOver = await servedBy(second);
    await currentCluster().kubectl(['delete', 'secret', 'creel-webhook-tls', '-n', webhookNamespace]);
    await expect
      .poll(async () => (await servedBy(second)).fingerprint256, { timeout: 60_000 })
      .not.toBe(handedOver.fingerprint256);
    await load.atLeast(50);

    const { calls, failures } = await load.stop();
    expect(failures).toEqual([]);
    expect(calls).toBeGreaterThan(200);
    await Promise.all([first.close(), second.close()]);
  },
  slowMs,
);

describe('the chart applied again', () => {
  test(
    'takes the trust out of the configurations; the webhook puts it back at once',
    async () => {
      const running = await start(systemClock);
      await routeWebhook(running.port);
      for (const kind of ['validatingwebhookconfiguration', 'mutatingwebhookconfiguration']) {
        const patch = JSON.stringify([{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }]);
        await currentCluster().kubectl(['patch', kind, 'creel-webhook', '--type=json', `--patch=${patch}`]);
        const bundle = () =>
          currentCluster().kubectl([
            'get',
            kind,
            'creel-webhook',
            '--output=jsonpath={.webhooks[0].clientConfig.caBundle}',
          ]);
        await expect.poll(bundle, { timeout: 10_000 }).not.toBe('');
      }
      await expect.poll(async () => (await tryPolicy()).status, { timeout: 10_000 }).toBe(201);
      await running.close();
    },
    slowMs,
  );
});

/** Made so long ago that its half comes within the hour; its server certificate was renewed since, and is young. */
function agedKeys(nowMs: number): ServerKeys {
  // Lives are counted from an hour before their beginning, for clocks differ.
  const bornMs = nowMs - 182.5 * dayMs + 45 * 60_000;
  let keys = renewServerKeys(undefined, serverName, bornMs);
  for (let atMs = bornMs; atMs < nowMs - 10 * dayMs; atMs += dayMs) keys = renewServerKeys(keys, serverName, atMs);
  return keys;
}

async function writeKeys(keys: ServerKeys): Promise<void> {
  const stringData = {
    'ca.crt': keys.caCert,
    'ca.key': keys.caKey,
    'next-ca.crt': keys.nextCaCert,
    'next-ca.key': keys.nextCaKey,
    'tls.crt': keys.cert,
    'tls.key': keys.key,
  };
  const metadata = { name: 'creel-webhook-tls', namespace: webhookNamespace };
  await currentCluster().kubectl(['create', '--filename=-'], {
    stdin: JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata, stringData }),
  });
}

async function start(clock: Clock): Promise<RunningWebhook> {
  if (transport === undefined) throw new Error('the set-up failed');
  const client = createKubeClient({ transport, fieldManager: 'creel-webhook', signal: end.signal });
  const config = {
    namespace: webhookNamespace,
    serverName,
    secret: 'creel-webhook-tls',
    configuration: 'creel-webhook',
    listenHost: '0.0.0.0',
    port: 0,
    logLevel: 'error' as const,
  };
  return runWebhook({ config, transport, client, clock, random: Math.random, log: silent, checkMs: 1_000 }, end.signal);
}

function servedBy({ port }: RunningWebhook): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, rejectUnauthorized: false }, () => {
      const { raw } = socket.getPeerCertificate();
      socket.end();
      resolve(new X509Certificate(raw));
    });
    socket.on('error', reject);
  });
}

/** The authorities that the API server trusts. */
async function trusted(): Promise<readonly X509Certificate[]> {
  const path = '--output=jsonpath={.webhooks[0].clientConfig.caBundle}';
  const bundle = await currentCluster().kubectl(['get', 'validatingwebhookconfiguration', 'creel-webhook', path]);
  const text = Buffer.from(bundle, 'base64').toString('utf8');
  return (text.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []).map(pem => new X509Certificate(pem));
}

function tryPolicy() {
  if (caller === undefined) throw new Error('the set-up failed');
  const spec = {
    sandboxSelector: {},
    allow: [{ name: 'r', to: [{ host: 'api.example.com', ports: [443] }], protocol: 'TLS' }],
  };
  return caller.call({
    method: 'POST',
    path: `/apis/creel.dev/v1alpha1/namespaces/${namespace}/egresspolicies`,
    query: { dryRun: 'All' },
    body: { apiVersion: 'creel.dev/v1alpha1', kind: 'EgressPolicy', metadata: { name: 'p' }, spec },
  });
}

interface Load {
  /** Resolves after so many more calls. */
  atLeast(calls: number): Promise<void>;
  stop(): Promise<{ readonly calls: number; readonly failures: readonly string[] }>;
}

/** Two at a time, each call on whichever connection the API server takes; every answer but 201 is a failure. */
function startLoad(signal: AbortSignal): Load {
  let calls = 0;
  const stop = new AbortController();
  const over = AbortSignal.any([signal, stop.signal]);
  const failures: string[] = [];
  const loop = async () => {
    while (!over.aborted) {
      const { status, message } = await tryPolicy();
      calls++;
      if (status !== 201) failures.push(`${status} ${message}`);
    }
  };
  const loops = Promise.all([loop(), loop()]).catch((error: unknown) => failures.push(String(error)));
  return {
    atLeast: async more => {
      const wanted = calls + more;
      await expect.poll(() => calls, { timeout: 60_000 }).toBeGreaterThanOrEqual(wanted);
    },
    stop: async () => {
      stop.abort();
      await loops;
      return { calls, failures };
    },
  };
}
