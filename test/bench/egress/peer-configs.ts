import { benchPort, exactHosts, wildcards } from './listed-hosts.ts';

export function squidConfig({ domains, logs, dns }: { domains: string; logs: string; dns: string }): string {
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

export function haproxyConfig(target: string): string {
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

/** An addon for mitmproxy that lets through what the policy of the bench does. */
export function mitmproxyAddon(): string {
  return `from mitmproxy import http
HOSTS = frozenset(${JSON.stringify(exactHosts)})
SUFFIXES = frozenset(${JSON.stringify(wildcards)})

def request(flow: http.HTTPFlow) -> None:
    host = flow.request.pretty_host
    listed = host in HOSTS or host.partition('.')[2] in SUFFIXES
    if not (listed and flow.request.method == 'GET' and flow.request.path.startswith('/v1/')):
        flow.response = http.Response.make(403)
`;
}
