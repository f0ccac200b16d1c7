import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sampleGrants, samplePolicy, sampleRoute, sampleRule } from '../../engine/decide/testing/samples.ts';
import { openKeptFiles } from './kept-files.ts';
import type { InForce } from './policy-state.ts';

const secrets = { model: 'sk-key-of-the-model', rule: 'ghp_key-of-the-rule', proxy: 'Basic dXNlcjpwcm94eS1wYXNz' };
const credential = { ref: 'team/token/key', as: 'Bearer' } as const;

const inForce: InForce = {
  revision: { epoch: 1, counter: 7 },
  policy: samplePolicy({ rules: [sampleRule('Allow', ['api.test'], { credential })] }),
  grants: sampleGrants(),
  route: sampleRoute(secrets.model),
  credentials: {
    hash: 'c',
    items: [{ ref: credential.ref, secret: secrets.rule, allowedHosts: ['api.test'] }],
  },
  upstreamProxy: { host: 'proxy.corp.test', port: 3128, authorization: secrets.proxy, noProxy: ['*.corp.test'] },
  resolvers: ['9.9.9.9:53'],
  maxPolicyAgeMs: 60_000,
};

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cr-kept-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const kept = () => join(dir, 'proxy');
const logged: string[] = [];
const open = () => openKeptFiles(kept(), message => logged.push(message));
const written = () => readdirSync(kept()).map(name => readFileSync(join(kept(), name), 'utf8'));

test.each(Object.entries(secrets))('the secret of the %s never reaches the volume, in no form', (_whose, secret) => {
  const files = open();
  files.saveSnapshot(inForce, 1);
  files.addName(['28.64.0.1', 'api.test'], () => []);
  const bytes = Buffer.from(secret);
  for (const text of written())
    for (const form of [secret, bytes.toString('hex'), bytes.toString('base64').replace(/.?=*$/, '')])
      expect(text).not.toContain(form);
});

test('what is not secret is all there, and what needs a secret waits for the operator', () => {
  open().saveSnapshot(inForce, 1234);
  const loaded = open().loadSnapshot();
  const { revision, policy, grants, resolvers, maxPolicyAgeMs } = inForce;
  expect(loaded).toEqual({
    snapshot: {
      revision,
      policy,
      grants,
      resolvers,
      maxPolicyAgeMs,
      route: { hash: 'restarted', reason: 'SidecarRestarted', message: expect.stringContaining('restarted') },
      upstreamProxy: { host: 'proxy.corp.test', port: 3128, noProxy: ['*.corp.test'] },
    },
    heardMs: 1234,
  });
  expect(loaded?.snapshot.policy?.rules[0]?.credential).toEqual(credential);
});

test('nobody but the sidecar may read them', () => {
  const files = open();
  files.saveSnapshot(inForce, 1);
  files.addName(['28.64.0.1', 'api.test'], () => []);
  expect(statSync(kept()).mode & 0o777).toBe(0o700);
  expect(readdirSync(kept()).map(name => statSync(join(kept(), name)).mode & 0o777)).toEqual([0o600, 0o600]);
});

test('a volume that takes nothing more: it is told of, nothing throws, and no older snapshot comes back', () => {
  const files = open();
  files.saveSnapshot(inForce, 1);
  files.addName(['28.64.0.1', 'api.test'], () => []);
  // Where its new file would be there is a folder: as little can be written as on a full volume, by root too.
  mkdirSync(join(kept(), 'snapshot.json.new'));
  rmSync(join(kept(), 'names.jsonl'));
  mkdirSync(join(kept(), 'names.jsonl'));
  logged.length = 0;
  files.saveSnapshot({ ...inForce, revision: { epoch: 1, counter: 8 } }, 2);
  files.addName(['28.64.0.2', 'other.test'], () => []);
  expect(logged).toEqual([
    expect.stringMatching(/^the snapshot cannot be kept for a restart: .*EISDIR/),
    expect.stringMatching(/^a name cannot be kept for a restart: .*EISDIR/),
  ]);
  expect(open().loadSnapshot()).toBeUndefined();
});
