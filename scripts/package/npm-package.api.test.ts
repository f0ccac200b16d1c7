// What a user installs: the npm package and krew's archive, started by kubectl's own lookup of plugins, in folders that hold nothing else.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import { cliVersion } from '../../cli/version.ts';
import { currentCluster } from '../../test/cluster/current-cluster.ts';
import { buildKrew, type KrewBuild } from '../krew/build-krew.ts';
import { platforms } from '../krew/platforms.ts';
import { packNpm } from './pack-npm.ts';

const root = dirname(dirname(import.meta.dirname));
const folder = mkdtempSync(join(tmpdir(), 'creel-package-'));
const installed = join(folder, 'installed');
const tools = join(folder, 'tools');
const { KUBECONFIG } = { KUBECONFIG: currentCluster().kubeconfigPath };

/** kubectl with plugins from `plugins`, and nothing else of this machine but a shell's own programs and `nodes`. */
function kubectl(plugins: string, args: readonly string[], nodes: string = dirname(process.execPath)) {
  const env = { PATH: [plugins, tools, nodes, '/usr/bin', '/bin'].join(':'), HOME: folder, KUBECONFIG };
  const { status, stdout, stderr } = spawnSync(join(tools, 'kubectl'), args, { cwd: '/', env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

beforeAll(async () => {
  mkdirSync(tools);
  const { binaries } = inject('creelCluster');
  writeFileSync(join(tools, 'kubectl'), `#!/bin/sh\nexec ${binaries.kube} kubectl "$@"\n`);
  chmodSync(join(tools, 'kubectl'), 0o755);
  await currentCluster().kubectl(['apply', '--server-side', '--force-conflicts', `--filename=${join(root, 'crds')}`]);
  await currentCluster().kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
  const { tarball } = await packNpm(join(folder, 'packed'));
  mkdirSync(installed);
  // Offline: what it needs is in it.
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: installed, stdio: 'pipe' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bin = join(installed, 'node_modules/.bin');
const dist = join(installed, 'node_modules/kubectl-creel/dist');

describe('the npm package', () => {
  test('brings nothing but itself, its licence and those of what it bundles', () => {
    expect(readdirSync(join(installed, 'node_modules')).filter(name => !name.startsWith('.'))).toEqual([
      'kubectl-creel',
    ]);
    expect(readdirSync(dirname(dist))).toEqual(expect.arrayContaining(['LICENSE', 'THIRD-PARTY-NOTICES', 'README.md']));
    const notices = readFileSync(join(dirname(dist), 'THIRD-PARTY-NOTICES'), 'utf8');
    for (const name of ['commander', '@kubernetes/client-node', 'react', 'ink', 'yaml', 'zod'])
      expect(notices).toContain(`\n${name} `);
  });

  test('`kubectl creel` is found and asks the cluster', () => {
    const version = kubectl(bin, ['creel', 'version']);
    expect(version.stderr).toBe('');
    expect(version.stdout).toMatch(new RegExp(`^client +${cliVersion}\noperator +.+\nkubernetes +v1\\.`));
    expect(kubectl(bin, ['creel', 'approvals', '-n', 'default', '-o', 'json']).status).toBe(0);
    expect(kubectl(bin, ['creel', 'get', 'policies', '-n', 'default', '--bogus']).status).toBe(2);
    expect(
      kubectl(bin, [
        'creel',
        'sandbox',
        'create',
        'x',
        '--image',
        'i',
        '--preset',
        'npm',
        '--dry-run=client',
        '-n',
        'a',
      ]).stdout,
    ).toContain('name: x-npm');
  });

  test("kubectl's own completion finds ours", () => {
    expect(kubectl(bin, ['__complete', 'creel', 'snoo']).stdout).toContain('snooze\tNot now');
    expect(kubectl(bin, ['__complete', 'creel', 'approvals', '-o', '']).stdout).toContain('wide\nname\njson\nyaml\n:4');
  });

  test('the terminal is loaded by `term` alone', () => {
    const parts = globSync('run-term*.mjs', { cwd: dist });
    expect(parts).toHaveLength(1);
    expect(readFileSync(join(dist, parts[0] ?? ''), 'utf8')).toContain('useEffect');
    expect(kubectl(bin, ['creel', 'term']).stderr).toContain('term needs a terminal');
    for (const part of parts) rmSync(join(dist, part));
    expect(kubectl(bin, ['creel', 'version', '--client']).stdout).toBe(`client     ${cliVersion}\n`);
  });

  test('a Node that is too old is told what to do', () => {
    const major = Number(
      /^v(\d+)/.exec(spawnSync('/usr/bin/node', ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1] ?? 99,
    );
    // Only where the machine has such a one.
    if (major >= 24) return;
    const old = kubectl(bin, ['creel', 'version', '--client'], '/usr/bin');
    expect(old.status).toBe(1);
    expect(old.stderr).toMatch(
      /^error: kubectl creel needs Node 24 or newer, this is \d+.*\n {2}try: npm install --global node-/,
    );
    const runtime = `node-${process.platform}-${process.arch}`;
    const here = join(installed, 'node_modules', runtime);
    symlinkSync(join(root, 'node_modules', runtime), here);
    expect(kubectl(bin, ['creel', 'version', '--client'], '/usr/bin').stdout).toContain(cliVersion);
    rmSync(here);
  });
});

describe('the krew plugin', () => {
  let built: KrewBuild;
  const own = platforms.find(
    ({ os, arch }) => os === process.platform && arch === { x64: 'amd64', arm64: 'arm64' }[process.arch as 'x64'],
  );
  beforeAll(async () => {
    if (own === undefined) throw new Error(`no archive is built for ${process.platform}-${process.arch}`);
    built = await buildKrew(join(folder, 'krew'), [own], 'https://releases.example');
  });

  test('the manifest names the archive by its digest', () => {
    const [archive] = built.archives;
    const manifest = parse(readFileSync(built.manifest, 'utf8')) as {
      metadata: { name: string };
      spec: {
        version: string;
        shortDescription: string;
        platforms: { uri: string; sha256: string; bin: string; selector: object }[];
      };
    };
    const digest = createHash('sha256')
      .update(readFileSync(archive?.file ?? ''))
      .digest('hex');
    expect(manifest.spec.platforms).toEqual([
      {
        selector: { matchLabels: { os: own?.os, arch: own?.arch } },
        uri: `https://releases.example/v${cliVersion}/kubectl-creel-${cliVersion}-${own?.name}.tar.gz`,
        sha256: digest,
        bin: 'kubectl-creel',
      },
    ]);
    expect([manifest.metadata.name, manifest.spec.version]).toEqual(['creel', `v${cliVersion}`]);
    // krew's index takes no longer one.
    expect(manifest.spec.shortDescription.length).toBeLessThanOrEqual(50);
  });

  test('unpacked and linked as krew does it, it runs under its own Node', () => {
    const store = join(folder, 'krew-store/creel');
    const links = join(folder, 'krew-bin');
    for (const path of [store, links]) mkdirSync(path, { recursive: true });
    execFileSync('tar', ['-xzf', built.archives[0]?.file ?? '', '-C', store]);
    expect(readdirSync(store)).toEqual(
      expect.arrayContaining(['LICENSE', 'LICENSE-node', 'THIRD-PARTY-NOTICES', 'kubectl-creel', 'node']),
    );
    symlinkSync('../krew-store/creel/kubectl-creel', join(links, 'kubectl-creel'));
    const version = kubectl(links, ['creel', 'version'], '/nonexistent');
    expect([version.status, version.stderr]).toEqual([0, '']);
    expect(version.stdout).toContain(`client     ${cliVersion}`);
  });
});
