import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { Sandbox } from '../../../../crds/schema/sandbox.ts';
import { sampleSandbox } from '../../../testing/sample-sandbox.ts';
import { buildPod } from './build-pod.ts';

const settings = {
  sidecarImage: 'creel.example/sidecar:1',
  hubAddress: '10.96.0.20:8443',
  hubTrust: 'PEM\n',
  extraTrust: 'MORE\n',
};
const build = (spec: Partial<Sandbox['spec']> = {}) => buildPod(sampleSandbox(spec), settings);
const agent = (spec: Partial<Sandbox['spec']> = {}) => build(spec).spec?.containers[1];

test('the whole pod', async () => {
  const files = [{ configMap: { name: 'openclaw' }, path: '/sandbox/.config/openclaw' }];
  const pod = build({ command: ['node', 'agent.js'], env: [{ name: 'MODE', value: 'x' }], files });
  await expect(stringify(pod, { version: '1.1' })).toMatchFileSnapshot('build-pod.golden.yaml');
});

describe('nobody but the guard has a capability, and no container may gain any', () => {
  test.each([0, 1])('container %i', index => {
    const context = build().spec?.containers[index]?.securityContext;
    expect(context).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, privileged: false });
    expect(context?.capabilities?.drop).toEqual(['ALL']);
    expect(context?.capabilities?.add ?? []).not.toContain('DAC_READ_SEARCH');
  });
  test('the agent adds none and is never root', () => {
    expect(agent()?.securityContext?.capabilities).toEqual({ drop: ['ALL'] });
    expect(agent()?.securityContext).toMatchObject({ runAsUser: 1000, runAsGroup: 1000, runAsNonRoot: true });
  });
});

test('the agent sees neither token, policy nor podinfo', () => {
  expect(agent()?.volumeMounts?.map(({ name }) => name)).toEqual(['shared', 'workspace', 'tmp']);
  expect(build().spec).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
});

test.each<[string, Partial<Sandbox['spec']>, readonly string[]]>([
  [
    'no command is held open',
    {},
    ['/creel/launcher', 'run', '--hold', '--landlock', 'BestEffort', '--workdir', '/sandbox', '--'],
  ],
  [
    'a command runs under the launcher',
    { command: ['sh', '-c'], args: ['date'], workingDir: '/tmp', filesystem: { landlock: 'Required' } },
    ['/creel/launcher', 'run', '--landlock', 'Required', '--workdir', '/tmp', '--', 'sh', '-c', 'date'],
  ],
])('%s', (_what, spec, command) => expect(agent(spec)?.command).toEqual(command));

test('K34, K35 neither image nor environment of the agent is the sidecar’s: its own come from the install and from arguments', () => {
  const names = ['HTTPS_PROXY', 'NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'LD_PRELOAD', 'CREEL_HUB_ADDRESS', 'PATH'];
  const env = names.map(name => ({ name, value: '/sandbox/evil' }));
  const [sidecar, changed] = build({ image: 'evil.example/sidecar:1', env }).spec?.containers ?? [];
  expect(sidecar).toEqual(build().spec?.containers[0]);
  expect(sidecar).toMatchObject({ image: 'creel.example/sidecar:1' });
  // The control: the agent's are as asked for.
  expect(changed?.image).toBe('evil.example/sidecar:1');
  expect(changed?.env).toContainEqual({ name: 'HTTPS_PROXY', value: '/sandbox/evil' });
});

test('an environment of the user cannot take trust away', () => {
  const env =
    agent({
      env: [
        { name: 'SSL_CERT_FILE', value: '/evil' },
        { name: 'HOME', value: '/tmp' },
      ],
    })?.env ?? [];
  expect(env.filter(({ name }) => name === 'SSL_CERT_FILE')).toEqual([
    { name: 'SSL_CERT_FILE', value: '/creel/ca-bundle.crt' },
  ]);
  expect(env.filter(({ name }) => name === 'HOME')).toEqual([{ name: 'HOME', value: '/tmp' }]);
});

test.each<[string, Partial<Sandbox['spec']>, string]>([
  ['both folders, unless told otherwise', {}, '/sandbox:/tmp'],
  ['what the Sandbox says', { filesystem: { readWrite: ['/sandbox/work', '/tmp'] } }, '/sandbox/work:/tmp'],
  ['not what its environment says', { env: [{ name: 'CREEL_WRITABLE', value: '/' }] }, '/sandbox:/tmp'],
])('writable: %s', (_what, spec, value) => {
  const found = agent(spec)?.env?.filter(({ name }) => name === 'CREEL_WRITABLE');
  expect(found).toEqual([{ name: 'CREEL_WRITABLE', value }]);
});

test.each<[string, Partial<Sandbox['spec']>, object]>([
  ['identity None shares no processes', { egress: { identity: 'None' } }, { shareProcessNamespace: false }],
  ['a required user namespace', { process: { userNamespace: 'Required' } }, { hostUsers: false }],
  [
    'placement',
    { placement: { nodeSelector: { a: 'b' }, runtimeClassName: 'gvisor' } },
    { nodeSelector: { a: 'b' }, runtimeClassName: 'gvisor' },
  ],
  [
    "the workspace's group",
    { user: { uid: 2000, gid: 3000 } },
    { securityContext: { fsGroup: 3000, fsGroupChangePolicy: 'OnRootMismatch', supplementalGroupsPolicy: 'Strict' } },
  ],
])('%s', (_what, spec, expected) => expect(build(spec).spec).toMatchObject(expected));

test('a rotated certificate changes no digest, another image does', () => {
  const hash = (pod: ReturnType<typeof build>) => pod.metadata?.annotations?.['creel.dev/pod-hash'];
  expect(hash(buildPod(sampleSandbox(), { ...settings, hubTrust: 'OTHER' }))).toBe(hash(build()));
  expect(hash(build({ image: 'creel.example/agent:2' }))).not.toBe(hash(build()));
});

test('G02, G03 what an image says of devices and preloaded libraries is overruled', () => {
  expect(valueOf('NVIDIA_VISIBLE_DEVICES', {})).toBe('void');
  // With a GPU the device plugin says which, and wins over the image where we say nothing.
  expect(valueOf('NVIDIA_VISIBLE_DEVICES', { gpu: {} })).toBeUndefined();
  expect(valueOf('LD_PRELOAD', { gpu: {} })).toBe('');
  expect(valueOf('LD_PRELOAD', {})).toBeUndefined();
});

function valueOf(name: string, spec: Partial<Sandbox['spec']>): string | undefined {
  return agent(spec)?.env?.find(variable => variable.name === name)?.value;
}
