import { expect, test } from 'vitest';
import { sampleEgressPolicy, sampleSandbox } from '../../engine/compile/testing/objects.ts';
import { compileSet } from './compile-set.ts';
import { diffPolicies } from './diff-policies.ts';

const to = [{ host: 'a.example.org', ports: [443] }];
const http = (block: object, more: object = {}) => [{ name: 'r', to, protocol: 'HTTP', http: block, ...more }];
const tls = (more: object = {}) => [{ name: 'r', to, protocol: 'TLS', ...more }];

function diff(before: readonly unknown[], after: readonly unknown[]): string[] {
  const [old, now] = [before, after].map(rules =>
    compileSet(
      {
        sandbox: sampleSandbox(),
        policies: [sampleEgressPolicy('p', rules)],
        namespaceLabels: {},
        clusterPolicies: [],
        requests: [],
        services: new Map(),
        gaps: [],
      },
      0,
    ),
  );
  if (old === undefined || now === undefined) throw new Error('two sets');
  return diffPolicies(old, now, 0).map(
    ({ effect, host, port, methods, path, binary, before: was, after: is }) =>
      `${effect} ${host}:${port} ${methods.join()} ${path} ${binary} ${was} → ${is}`,
  );
}

test.each([
  ['nothing', tls(), tls({ name: 'renamed' }), []],
  ['a new host', [], tls(), ['Widens a.example.org:443   (any other) Ask → Allow TLS']],
  ['a host less', tls(), [], ['Narrows a.example.org:443   (any other) Allow TLS → Ask']],
  ['binaries', tls(), tls({ binaries: ['/usr/bin/git'] }), ['Narrows a.example.org:443   (any other) Allow TLS → Ask']],
  [
    'another binary',
    tls({ binaries: ['/usr/bin/git'] }),
    tls({ binaries: ['/usr/bin/gh'] }),
    [
      'Widens a.example.org:443   /usr/bin/gh Ask → Allow TLS',
      'Narrows a.example.org:443   /usr/bin/git Allow TLS → Ask',
    ],
  ],
  [
    'methods',
    http({ access: 'ReadOnly' }),
    http({ access: 'ReadWrite' }),
    ['Widens a.example.org:443 POST,PUT,PATCH / (any other) Ask → Allow'],
  ],
  [
    'a path',
    http({ allow: [{ methods: ['GET'], path: '/a/**' }] }),
    http({ allow: [{ methods: ['GET'], path: '/a/*' }] }),
    ['Narrows a.example.org:443 GET /a/*/* (any other) Allow → Ask'],
  ],
  [
    'a deny pattern',
    http({ access: 'Full' }),
    http({ access: 'Full', deny: [{ methods: ['DELETE'], path: '/x' }] }),
    ['Narrows a.example.org:443 DELETE /x (any other) Allow → Deny'],
  ],
  [
    'a wildcard for a name',
    tls(),
    tls({ to: [{ host: '*.example.org', ports: [443] }] }),
    ['Widens *.example.org:443   (any other) Ask → Allow TLS'],
  ],
])('a change of %s', (_what, before, after, expected) => {
  expect(diff(before, after)).toEqual(expected);
});
