import { inspect } from '../../netns/snapshot-parts.ts';
import type { Client, Place } from '../client.ts';
import { packageVersion } from '../package-version.ts';

const rules = [
  inspect(
    ['grpc.test'],
    {
      allow: [
        { methods: ['POST'], path: '/test.Echo/Say' },
        { methods: ['POST'], path: '/test.Echo/Count' },
      ],
    },
    { ports: [50051] },
  ),
];

export function grpcClient({ node, folder }: Place): Client {
  const call = (what: string) => [node, `${folder}/grpc-call.mjs`, what];
  return {
    name: '@grpc/grpc-js',
    version: packageVersion('@grpc/grpc-js'),
    protocol: 'gRPC, HTTP/2',
    steps: [
      { what: 'a listed method', rules, command: call('say'), verdict: 'allowed', says: 'reply hello' },
      { what: 'a server’s stream', rules, command: call('count'), verdict: 'allowed', says: 'replies 1 2 3' },
      { what: 'another method', rules, command: call('wipe'), verdict: 'refused', says: 'error 7', unseen: 'rpc Wipe' },
    ],
  };
}
