// The real network, with an outside world in its place: a namespace plays the machine, and its default route ends there.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createPod } from '../../netns/create-pod.ts';
import type { Pod } from '../../netns/pod.ts';
import { createOutside } from '../../outside/client/create-outside.ts';
import type { Outside } from '../../outside/client/outside.ts';
import { runCommand } from '../base/run-command.ts';
import { layoutOf, nodeLayoutOf } from './layout.ts';
import { netnsPath } from './network.ts';
import { machineTable } from './real-network.ts';

const suffix = randomBytes(3).toString('hex');
const layout = layoutOf(`real-${suffix}`);
const state = mkdtempSync(join(tmpdir(), 'creel-real-'));
const podAddress = '10.244.1.5';
const somewhere = '93.184.215.14';
let internet: Outside;
let closed: Outside;
let machine: Pod;

beforeAll(async () => {
  internet = await createOutside({ name: `ri-${suffix}` });
  closed = await createOutside({ name: `rc-${suffix}` });
  machine = await createPod(internet);
});
afterAll(async () => {
  await machine?.close();
  await closed?.close();
  await internet?.close();
  rmSync(state, { recursive: true, force: true });
});
beforeEach(() => internet.reset());
afterEach(() => wires('down'));

const onMachine = (command: readonly string[]) =>
  runCommand(['nsenter', `--net=${machine.netnsPath}`, ...command], {
    env: { ...process.env, CREEL_CLUSTER_STATE: state },
  });
const wires = (...args: readonly string[]) =>
  onMachine([process.execPath, join(import.meta.dirname, 'lay-wires.ts'), ...args.toSpliced(1, 0, layout.name)]);
const tables = () => onMachine(['nft', 'list', 'tables']);
const forwarding = (device: string) => onMachine(['sysctl', '-n', `net.ipv4.conf.${device}.forwarding`]).then(Number);

/** From a pod's address on the cluster's first node, to any address; answers whom those in `world` saw, if anybody. */
async function callFromPod(world: Outside): Promise<readonly string[]> {
  const { netns } = nodeLayoutOf(layout, 1);
  await runCommand(['ip', '-n', netns, 'address', 'replace', `${podAddress}/32`, 'dev', 'lo']);
  const curl = ['curl', '-sS', '-m', '3', '--interface', podAddress, `http://${somewhere}/`];
  await runCommand(['nsenter', `--net=${netnsPath(netns)}`, ...curl]);
  return seenBy(world);
}

async function seenBy(world: Outside): Promise<readonly string[]> {
  const connections = await world.connections(record => record.localAddress.endsWith(somewhere));
  return connections.map(({ remoteAddress }) => remoteAddress.replace('::ffff:', ''));
}

test('with it a pod reaches what the machine reaches, under the address of the machine', async () => {
  await wires('up');
  expect(await callFromPod(internet)).toEqual([machine.addresses.address]);
});

test('without it the same packet ends in the cluster’s own outside world, under its own address', async () => {
  await wires('up', closed.netns);
  expect(await callFromPod(closed)).toEqual([podAddress]);
  expect(await seenBy(internet)).toEqual([]);
  expect(await forwarding('eth0')).toBe(0);
});

test('`down` takes everything back: rules, forwarding, namespaces', async () => {
  await wires('up');
  expect(await tables()).toContain(machineTable(layout));
  expect([await forwarding('eth0'), await forwarding(layout.hostInterface)]).toEqual([1, 1]);
  // Every other interface of the machine is left as it is.
  expect(await forwarding('lo')).toBe(0);
  await wires('down');
  expect(await tables()).not.toContain('creel');
  expect(await forwarding('eth0')).toBe(0);
  expect(await runCommand(['ip', 'netns', 'list'])).not.toContain(layout.gatewayNetns);
});

test('the machine passes on only what the cluster began', async () => {
  await wires('up');
  await runCommand(['ip', '-n', internet.netns, 'route', 'replace', '10.201.7.0/24', 'via', machine.addresses.address]);
  const connect = `exec 3<>/dev/tcp/10.201.7.2/6443`;
  const dial = () => runCommand(['nsenter', `--net=${internet.netnsPath}`, 'timeout', '1', 'bash', '-c', connect]);
  // Nobody listens there: a packet that arrives is refused at once, one that is dropped times out.
  await expect(dial()).rejects.toThrow(/exited with 124/);
  await onMachine(['nft', 'flush', 'chain', 'ip', machineTable(layout), 'forward']);
  await expect(dial()).rejects.toThrow(/refused/);
});

test('a machine without a default route is told so, and nothing is left half-made', async () => {
  const [route = ''] = (await onMachine(['ip', 'route', 'show', 'default'])).split('\n');
  await onMachine(['ip', 'route', 'delete', 'default']);
  await expect(wires('up')).rejects.toThrow(/this machine has no IPv4 default route.*leave --real-network out/s);
  await onMachine(['ip', 'route', 'add', ...route.trim().split(/\s+/)]);
  expect(await runCommand(['ip', 'netns', 'list'])).not.toContain(layout.name);
});
