// What the agent's process is and can reach inside its own pod.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { type CreelUnderTest, creelUnderTest, SandboxNamespace } from './creel-under-test.ts';

const key = 'nvapi-Secret0123456789abcdefghijklmnopqrstuvwxyz';
const namespaceName = `e2e-limits-${process.pid}`;
let creel: CreelUnderTest;
let namespace: SandboxNamespace;
const inside = (script: string) => namespace.inside('agent', script);

beforeAll(async () => {
  creel = await creelUnderTest();
  namespace = new SandboxNamespace(creel.cluster, namespaceName);
  await namespace.create();
  await namespace.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'model-key', namespace: namespaceName, annotations: { 'creel.dev/allowed-hosts': 'model.test' } },
    stringData: { key },
  });
  await namespace.apply({
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'InferenceProfile',
    metadata: { name: 'model', namespace: namespaceName },
    spec: {
      provider: 'OpenAI',
      endpoint: 'https://model.test/v1',
      model: 'test/model',
      credential: { secretRef: { name: 'model-key', key: 'key' } },
    },
  });
  await namespace.applySandbox('agent', { inference: { profile: 'model' } });
  await namespace.waitForCondition('csb', 'agent', 'Ready', 'True', 120_000);
});
afterAll(() => namespace.delete());

describe('the agent’s process', () => {
  test('is uid 1000 without capabilities, with no_new_privs and seccomp', async () => {
    const { stdout } = await inside('id -u; cat /proc/self/status');
    expect(stdout).toMatch(/^1000\n/);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      expect(stdout).toContain(`${set}:\t0000000000000000`);
    expect(stdout).toContain('NoNewPrivs:\t1');
    expect(stdout).toContain('Seccomp:\t2');
  });

  test('writes /sandbox and /tmp, and nothing else that it could reach', async () => {
    const { stdout } = await inside(
      'for d in /sandbox /tmp / /etc /usr /var /var/tmp /run /dev /dev/shm /creel /home /root /proc/sys/kernel; do (: > $d/.probe) 2>/dev/null && echo "$d writable"; done; exit 0',
    );
    expect(stdout.trim().split('\n')).toEqual(['/sandbox writable', '/tmp writable']);
  });

  test('may not write the termination log, which lies on the node’s disk', async () => {
    const { exitCode } = await inside('echo x > /dev/termination-log');
    expect(exitCode).not.toBe(0);
  });

  test('has no token of the API server', async () => {
    const { stdout } = await inside('ls /var/run/secrets 2>&1; env | grep -c KUBERNETES_SERVICE; exit 0');
    expect(stdout).toMatch(/No such file/);
    expect(stdout.trim().endsWith('0')).toBe(true);
  });

  test.each(['unshare -U true', 'chroot / true', 'mount -t tmpfs none /tmp', 'su -c true root'])(
    'may not %s',
    async command => {
      expect((await inside(command)).exitCode).not.toBe(0);
    },
  );
});

describe('the model’s key', () => {
  test('is used: a call through the route is answered', async () => {
    await creel.outside.setModel({ apiKey: key, hosts: ['model.test'] });
    const { stdout, stderr } = await inside(
      `curl -sS -m 20 https://inference.local/v1/chat/completions -H 'content-type: application/json' -d '{"model":"any","messages":[{"role":"user","content":"hi"}]}'`,
    );
    expect(stdout, stderr).toContain('test/model');
    const calls = await creel.outside.requests(request => request.host === 'model.test');
    expect(calls.at(-1)?.headers['authorization']).toBe(`Bearer ${key}`);
  });

  const forms = [
    key,
    Buffer.from(key).toString('base64').replace(/=+$/, ''),
    Buffer.from(key).toString('hex'),
    encodeURIComponent(key),
  ];
  const search = (where: string) => `grep -rlaE '${forms.join('|')}' ${where} 2>/dev/null; exit 0`;

  test('is found by the search when it is there', async () => {
    const { stdout } = await inside(`printf %s '${key}' > /tmp/control; ${search('/tmp/control')}`);
    expect(stdout).toContain('/tmp/control');
  });

  test('is in no file, environment or process that the agent can read', async () => {
    const { stdout } = await inside(
      `rm -f /tmp/control; ${search('/creel /sandbox /tmp /etc /run /var').replace('; exit 0', '')}; for p in /proc/[0-9]*; do cat $p/environ $p/cmdline 2>/dev/null; done | grep -acE '${forms.join('|')}'; exit 0`,
    );
    // The searching shell's own command line holds the key, and is the one hit.
    const hits = stdout.trim().split('\n');
    expect(hits.slice(0, -1)).toEqual([]);
    expect(Number(hits.at(-1))).toBeLessThanOrEqual(1);
  });

  test('is in no object of the namespace but its Secret', async () => {
    const { stdout: objects } = {
      stdout: await namespace.kubectl([
        'get',
        'csb,egp,ifp,apr,pods,events,networkpolicies,configmaps',
        '--output=json',
      ]),
    };
    for (const form of forms) expect(objects).not.toContain(form);
  });
});

test('the sidecar’s node process has no capability and another uid', async () => {
  const { stdout } = await inside('for p in /proc/[0-9]*; do tr "\\n" " " < $p/status; echo; done 2>/dev/null');
  const node = stdout.split('\n').find(line => /^Name:\s+node/.test(line));
  expect(node).toMatch(/Uid:\s+1337\s+1337\s+1337\s+1337/);
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
    expect(node).toMatch(new RegExp(`${set}:\\s+0000000000000000`));
});

test('the Sandbox says so', async () => {
  const sandbox = await namespace.get<Sandbox>('csb', 'agent');
  const status = (type: string) => sandbox.status?.conditions?.find(condition => condition.type === type)?.status;
  expect(sandbox.status?.phase).toBe('Running');
  expect([status('Ready'), status('FenceVerified'), status('PolicyEnforced'), status('InferenceReady')]).toEqual([
    'True',
    'True',
    'True',
    'True',
  ]);
});
