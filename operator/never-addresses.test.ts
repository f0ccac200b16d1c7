import { expect, test } from 'vitest';
import { ObjectStore } from '../kube/object-store.ts';
import type { EndpointSlice, Node, Service } from './core-types.ts';
import { followNeverAddresses } from './never-addresses.ts';

const apiServer = (endpoints: EndpointSlice['endpoints']): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'default', name: 'kubernetes', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
  ...(endpoints === undefined ? {} : { endpoints }),
});

test('an API server that takes its own address away on its way out stays out of reach; its next address replaces it', () => {
  const endpointSlices = new ObjectStore<EndpointSlice>();
  const nodes = new ObjectStore<Node>();
  const services = new ObjectStore<Service>();
  const hubService = { namespace: 'c', name: 'hub' };
  const resolverService = { namespace: 'k', name: 'dns' };
  const resolverAddresses = ['192.0.2.53'];
  const sources = { nodes, services, endpointSlices, hubService, resolverService, resolverAddresses };
  const never = followNeverAddresses(sources, new AbortController().signal);
  let version = 0;
  const put = (endpoints: EndpointSlice['endpoints']) => {
    const slice = apiServer(endpoints);
    const metadata = { ...slice.metadata, uid: 'u', resourceVersion: String(++version) };
    endpointSlices.take({ type: 'Put', object: { ...slice, metadata } });
  };
  put([{ addresses: ['192.0.2.1'] }]);
  expect(never.get()).toEqual(['192.0.2.1', '192.0.2.53']);
  // As the API server writes an empty list.
  put(null);
  expect(never.get()).toEqual(['192.0.2.1', '192.0.2.53']);
  put([{ addresses: ['192.0.2.2'] }]);
  expect(never.get()).toEqual(['192.0.2.2', '192.0.2.53']);
});
