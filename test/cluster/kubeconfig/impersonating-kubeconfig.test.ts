import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { impersonatingKubeconfig } from './impersonating-kubeconfig.ts';

const kubeconfig = `
apiVersion: v1
kind: Config
current-context: here
clusters: [{ name: one, cluster: { server: "https://192.0.2.1" } }]
users: [{ name: admin, user: { token: abc } }]
`;

test('every user acts as another, with its groups, and all else stays', () => {
  expect(parse(impersonatingKubeconfig(kubeconfig, 'alice', ['developers']))).toEqual({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    clusters: [{ name: 'one', cluster: { server: 'https://192.0.2.1' } }],
    users: [{ name: 'admin', user: { token: 'abc', as: 'alice', 'as-groups': ['developers'] } }],
  });
});

test('a kubeconfig without users is refused', () => {
  expect(() => impersonatingKubeconfig('users: []', 'alice', [])).toThrow();
});
