import { expect, test } from 'vitest';
import { startK3sCluster } from './k3s/start-k3s-cluster.ts';
import { chooseProvider, startCluster } from './start-cluster.ts';
import { startEmbeddedWithOutside } from './start-embedded-with-outside.ts';

const options = { nodes: 0, progress: () => undefined, signal: new AbortController().signal };

test('the embedded cluster is the default, k3s is asked for by name', () => {
  expect(chooseProvider({})).toBe(startEmbeddedWithOutside);
  expect(chooseProvider({ CREEL_CLUSTER: 'k3s' })).toBe(startK3sCluster);
});

test('an unknown provider is refused with the known ones', () => {
  expect(() => chooseProvider({ CREEL_CLUSTER: 'minikube' })).toThrow(
    /CREEL_CLUSTER=minikube is unknown: use embedded .* or k3s/,
  );
});

test('a kubeconfig that does not exist is refused with the way back', async () => {
  await expect(startCluster(options, { CREEL_KUBECONFIG: '/nowhere' })).rejects.toThrow(
    /CREEL_KUBECONFIG names \/nowhere, which does not exist; unset it/,
  );
});
