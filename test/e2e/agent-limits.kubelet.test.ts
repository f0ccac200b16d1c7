// What the agent's process is, and what it can reach: in its own pod, and from it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { askOutsideResolver, tryEverything } from '../attacks/ways-out.ts';
import { currentCluster } from '../cluster/current-cluster.ts';
import type { Packet } from '../outside/capture/parse-packet.ts';
import { type CreelUnderTest, creelUnderTest } from './creel-under-test.ts';
import { formsOf, patternOf } from './forms-of.ts';
import { runCreel } from './run-creel.ts';
import { outcomeOf, SandboxNamespace } from './sandbox-namespace.ts';

const key = 'nvapi-Secret/0123456789+abcdefghijklmnopqrstuvwxyz';
const namespace = new SandboxNamespace(currentCluster(), `e2e-limits-${process.pid}`);
let creel: CreelUnderTest;
const inside = (script: string) => namespace.inside('agent', script);

beforeAll(async () => {
  creel = await creelUnderTest();
  await namespace.create();
  await namespace.applyKey('model-key', key, 'model.test');
  await namespace.applyProfile('model', 'test/model', 'model-key');
  await namespace.applySandbox('agent', { inference: { profile: 'model' } });
  await namespace.waitForCondition('csb', 'agent', 'Ready', 'True', 120_000);
});
afterAll(() => namespace.delete());

test('the Sandbox says that it is ready, and what stands', async () => {
  // The CNI may need a while for a new pod: until then the canary says so.
  await namespace.waitForCondition('csb', 'agent', 'NetworkPolicyEnforced');
  const { status } = await namespace.get<Sandbox>('csb', 'agent');
  expect(status?.phase).toBe('Running');
  const conditions = Object.fromEntries(status?.conditions?.map(({ type, status: value }) => [type, value]) ?? []);
  expect(conditions).toMatchObject({
    Ready: 'True',
    Stalled: 'False',
    FenceVerified: 'True',
    PolicyEnforced: 'True',
    NetworkPolicyEnforced: 'True',
    WidenedByOtherPolicy: 'False',
    InferenceReady: 'True',
  });
});

describe('the agent’s process', () => {
  test('is uid 1000 without capabilities, with no_new_privs and seccomp', async () => {
    const { stdout } = await inside('id -u; cat /proc/self/status');
    expect(stdout).toMatch(/^1000\n/);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      expect(stdout).toContain(`${set}:\t0000000000000000`);
    expect(stdout).toContain('NoNewPrivs:\t1');
    expect(stdout).toContain('Seccomp:\t2');
  });

  test('writes /sandbox and /tmp, and no other folder or file on a disk', async () => {
    const { stdout } = await inside(
      'for d in /sandbox /tmp / /etc /usr /var /var/tmp /run /dev /dev/shm /creel /home /root /proc/sys/kernel; do (: > $d/.probe) 2>/dev/null && echo "$d writable"; done; exit 0',
    );
    expect(stdout.trim().split('\n')).toEqual(['/sandbox writable', '/tmp writable']);
    // 0666 on the node's disk, where the kubelet puts it.
    expect((await inside('echo x > /dev/termination-log')).stderr).toMatch(/Permission denied/);
  });

  test.each([
    ['unshare -U true', /Operation not permitted/],
    ['mount -t tmpfs none /tmp', /(must be superuser|permission denied|Operation not permitted)/i],
    ['kill -9 $(pgrep -o node)', /Operation not permitted/],
    ['dd if=/dev/zero of=/proc/$(pgrep -o node)/mem count=1', /Permission denied/],
    ['ls /proc/$(pgrep -o node)/root/run/creel', /Permission denied/],
  ])('may not %s', async (command, refusal) => {
    const { exitCode, stderr } = await inside(command);
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(refusal);
  });

  test('is under the same limits when a user with the role edit connects, who cannot get in without them', async () => {
    const kubeconfig = await namespace.editor('ed');
    const connected = await runCreel(kubeconfig, namespace.name, [
      'connect',
      'agent',
      '--',
      'grep',
      'Seccomp:',
      '/proc/self/status',
    ]);
    expect(connected).toMatchObject({ exitCode: 0, stdout: 'Seccomp:\t2\n' });
    const asEditor = (args: readonly string[]) =>
      outcomeOf(currentCluster().kubectl(['-n', namespace.name, ...args], { kubeconfigPath: kubeconfig }));
    const bare = await asEditor(['exec', 'csb-agent', '--container=agent', '--', 'id']);
    expect(bare.stderr).toContain(`kubectl creel connect agent -n ${namespace.name} -- COMMAND`);
    const sidecar = await asEditor(['exec', 'csb-agent', '--container=sidecar', '--', '/creel/launcher', 'run', 'id']);
    expect(sidecar.stderr).toContain('only agent can be entered');
    const attached = await asEditor(['attach', 'csb-agent', '--container=sidecar']);
    expect(attached.stderr).toContain('only agent can be entered');
    const token = await asEditor(['create', 'token', 'csb-agent', '--audience=creel-hub']);
    expect(token.stderr).toContain('tokens of audience creel-hub are minted by kubelets alone');
  });
});

test('the sidecar’s node process has no capability and a uid of its own', async () => {
  const { stdout } = await inside('cat /proc/$(pgrep -o node)/status');
  expect(stdout).toMatch(/^Name:\s+node/);
  expect(stdout).toMatch(/Uid:\s+1337\s+1337\s+1337\s+1337/);
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
    expect(stdout).toContain(`${set}:\t0000000000000000`);
});

describe('keys and tokens', () => {
  const forms = formsOf(key);
  // A token's header and payload are JSON objects: both begin with the same letters.
  const pattern = `${patternOf(forms)}|[e]yJ[A-Za-z0-9_-]{10,}[.]eyJ`;
  const search = (folders: string) =>
    `for f in ${folders} /proc/[0-9]*/environ /proc/[0-9]*/cmdline; do grep -rlaE '${pattern}' $f 2>/dev/null; done; exit 0`;

  test('the key is used: a call through the route is answered', async () => {
    await creel.outside.setModel({ apiKey: key, hosts: ['model.test'] });
    const body = '{"model":"any","messages":[{"role":"user","content":"hi"}]}';
    const { stdout, stderr } = await inside(
      `curl -sS -m 20 https://inference.local/v1/chat/completions -H 'content-type: application/json' -d '${body}'`,
    );
    expect(stdout, stderr).toContain('test/model');
    const calls = await creel.outside.requests(request => request.host === 'model.test');
    expect(calls.at(-1)?.headers['authorization']).toBe(`Bearer ${key}`);
  });

  test('in each form, and tokens, are found where they are: positive control', async () => {
    const token = `${Buffer.from('{"alg":"RS256","kid":"x"}').toString('base64url')}.eyJpc3MiOiJ4In0.c2ln`;
    const planted = [...forms, token];
    const plant = planted.map((form, index) => `printf %s '${form}' > /tmp/control/${index}`).join('; ');
    const { stdout } = await inside(
      `mkdir /tmp/control; ${plant}; PLANTED='${key}' sleep 30 >&- 2>&- & ${search('/tmp')}`.replace('; exit 0', ''),
    );
    const hits = stdout.trim().split('\n');
    for (const index of planted.keys()) expect(hits).toContain(`/tmp/control/${index}`);
    expect(hits.filter(hit => /^\/proc\/\d+\/environ$/.test(hit))).not.toEqual([]);
    await inside('rm -r /tmp/control; pkill sleep');
  });

  test('N23 are in no file, environment or command line that the agent can read', async () => {
    const { stdout } = await inside(search('/creel /sandbox /tmp /etc /run /var /dev/shm'));
    expect(stdout).toBe('');
  });

  test('the key is in no object of the namespace but its Secret', async () => {
    const kinds = 'csb,egp,ifp,apr,pods,events,networkpolicies,configmaps';
    const objects = await namespace.kubectl(['get', kinds, '--output=json']);
    expect(objects).toContain('csb-agent');
    for (const form of forms) expect(objects).not.toContain(form);
  });
});

describe('what leaves the pod', () => {
  const v4 = '198.51.100.77';
  const v6 = '2001:db8:77::1';
  const secretName = `secret-${process.pid}.evil.test`;
  const escape = `${quoted(tryEverything(v4, v6))}; ${quoted(askOutsideResolver('8.8.8.8', secretName))}`;

  test('of an ordinary pod: every kind of packet. Of a sandbox: none, and the name is not asked for', async () => {
    const ordinary = new SandboxNamespace(currentCluster(), `e2e-ordinary-${process.pid}`);
    await currentCluster().kubectl(['create', 'namespace', ordinary.name]);
    const capture = await creel.outside.startCapture();
    try {
      await ordinary.kubectl(['run', 'open', '--image=creel.local/agent-tools:dev', '--', 'sleep', 'infinity']);
      await ordinary.kubectl(['wait', '--for=condition=Ready', 'pod/open', '--timeout=60s']);
      const fromOpen = await addressesOf(ordinary, 'open');
      await ordinary.kubectl(['exec', 'open', '--', 'sh', '-c', escape]);
      // UDP-Lite ends at the node, whose kube-proxy drops what connection tracking calls invalid; the netns tier sees it leave.
      for (const [protocol, destination] of [
        ...['udp', 'icmp', 'tcp'].map(name => [name, v4]),
        ...['udp', 'icmpv6', 'tcp'].map(name => [name, v6]),
        ['udp', '8.8.8.8'],
        ['tcp', '8.8.8.8'],
      ])
        await capture.expectSome(
          `${protocol} to ${destination}`,
          packet => fromOpen(packet) && packet.protocol === protocol && packet.destination === destination,
        );
      expect(await creel.outside.countDnsQueries(secretName)).toBe(2);

      capture.clear();
      const fromSandbox = await addressesOf(namespace, 'csb-agent');
      const { stdout } = await inside(escape);
      expect(stdout).not.toMatch(/answered/);
      expect(stdout).toMatch(/^tcp /m);
      await capture.expectNone('anything from the sandbox', fromSandbox);
      expect(await creel.outside.countDnsQueries(secretName)).toBe(2);
    } finally {
      await capture.stop();
      await ordinary.delete();
    }
  });
});

function quoted(command: readonly string[]): string {
  return command.map(word => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
}

async function addressesOf(owner: SandboxNamespace, pod: string): Promise<(packet: Packet) => boolean> {
  const ips = await owner.kubectl(['get', 'pod', pod, '--output=jsonpath={.status.podIPs[*].ip}']);
  return packet => ips.split(' ').includes(packet.source);
}
