import { expect, test } from 'vitest';
import { planPolicyConditions } from '../status/plan-policy-conditions.ts';
import { warnOfBinaries } from './warn-of-binaries.ts';

const policy = (rule: object) => ({
  spec: {
    sandboxSelector: {},
    allow: [{ name: 'r', to: [{ host: 'a.example', ports: [443] }], protocol: 'TLS' as const, ...rule }],
  },
});
const view = { matched: [], enforced: [], suspended: [], issues: [] };

test.each(['/usr/bin/node', '/usr/bin/python3.13', '/bin/sh', '/bin/bash', '/bin/busybox', '/usr/bin/env'])(
  'B05 an interpreter lets every script through, and the policy says so: %s',
  path => {
    const warnings = warnOfBinaries(policy({ binaries: ['/usr/bin/git', path] }));
    expect(warnings).toEqual([expect.stringContaining(`rule r: ${path} runs any script`)]);
    expect(planPolicyConditions([], view, warnings)[0]).toMatchObject({
      status: 'True',
      reason: 'Accepted',
      message: expect.stringContaining(path),
    });
  },
);

test('a rule of programs is accepted without a word, one of ancestors with one', () => {
  expect(warnOfBinaries(policy({ binaries: ['/usr/lib/git-core/git-remote-http', '/opt/nodeless'] }))).toEqual([]);
  expect(warnOfBinaries(policy({ binaries: ['/usr/bin/git'], ancestors: true }))).toEqual([
    expect.stringContaining('whatever its binaries start'),
  ]);
});
