import { expect, test } from 'vitest';
import { warnOfBinaries } from './warn-of-binaries.ts';

const policy = (rule: object) => ({
  spec: {
    sandboxSelector: {},
    allow: [{ name: 'r', to: [{ host: 'a.example', ports: [443] }], protocol: 'TLS' as const, ...rule }],
  },
});

test.each(['/usr/bin/node', '/usr/bin/python3.13', '/bin/sh', '/bin/bash', '/bin/busybox', '/usr/bin/env'])(
  'B05 an interpreter lets every script through, and the policy says so: %s',
  path => {
    const warnings = warnOfBinaries(policy({ binaries: ['/usr/bin/git', path] }));
    expect(warnings).toEqual([expect.stringContaining(`rule r: ${path} runs any script`)]);
  },
);

test('a rule of programs is accepted without a word, one of ancestors with one', () => {
  expect(warnOfBinaries(policy({ binaries: ['/usr/lib/git-core/git-remote-http', '/opt/nodeless'] }))).toEqual([]);
  expect(warnOfBinaries(policy({ binaries: ['/usr/bin/git'], ancestors: true }))).toEqual([
    expect.stringContaining('whatever its binaries start'),
  ]);
});
