// Envoy by two listeners: a CONNECT proxy for listed hosts, and one that terminates TLS, looks at each request and sends it on
// over verified TLS in the protocol it came in.
import { benchPort, exactHosts, httpsPort, wildcards } from './listed-hosts.ts';

export interface EnvoyOptions {
  readonly logs: string;
  readonly tunnelPort: number;
  readonly inspectPort: number;
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
}

const dnsCache = { name: 'names', dns_lookup_family: 'V4_ONLY' };

export function envoyConfig({ logs, tunnelPort, inspectPort, tls }: EnvoyOptions): unknown {
  const tunnel = {
    upgrade_configs: [{ upgrade_type: 'CONNECT' }],
    route: {
      match: { connect_matcher: {} },
      route: { cluster: 'forward', upgrade_configs: [{ upgrade_type: 'CONNECT', connect_config: {} }] },
    },
  };
  const inspect = {
    upgrade_configs: [],
    route: {
      match: { prefix: '/v1/', headers: [{ name: ':method', string_match: { exact: 'GET' } }] },
      route: { cluster: 'forward-tls' },
    },
  };
  const certificates = [{ certificate_chain: { filename: tls.cert }, private_key: { filename: tls.key } }];
  const downstream = {
    ...envoyType('transport_sockets.tls.v3.DownstreamTlsContext'),
    common_tls_context: { tls_certificates: certificates, alpn_protocols: ['h2', 'http/1.1'] },
  };
  const upstream = {
    ...envoyType('transport_sockets.tls.v3.UpstreamTlsContext'),
    common_tls_context: { validation_context: { trusted_ca: { filename: tls.ca } } },
  };
  const sameProtocol = {
    ...envoyType('upstreams.http.v3.HttpProtocolOptions'),
    upstream_http_protocol_options: { auto_sni: true, auto_san_validation: true },
    use_downstream_protocol_config: { http2_protocol_options: {} },
  };
  return {
    static_resources: {
      listeners: [
        listener(tunnelPort, manager(logs, benchPort, tunnel)),
        listener(inspectPort, manager(logs, httpsPort, inspect), {
          transport_socket: { name: 'tls', typed_config: downstream },
        }),
      ],
      clusters: [
        cluster('forward'),
        cluster('forward-tls', {
          transport_socket: { name: 'tls', typed_config: upstream },
          typed_extension_protocol_options: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': sameProtocol },
        }),
      ],
    },
  };
}

function listener(port: number, http: unknown, chain: object = {}): unknown {
  return {
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [{ filters: [{ name: 'http', typed_config: http }], ...chain }],
  };
}

function manager(
  logs: string,
  port: number,
  { upgrade_configs, route }: { readonly upgrade_configs: unknown; readonly route: unknown },
): unknown {
  const domains = [...exactHosts, ...wildcards.map(name => `*.${name}`)].map(name => `${name}:${port}`);
  const log = { ...envoyType('access_loggers.file.v3.FileAccessLog'), path: `${logs}/envoy-access.log` };
  const forward = { ...envoyType('filters.http.dynamic_forward_proxy.v3.FilterConfig'), dns_cache_config: dnsCache };
  return {
    ...envoyType('filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'bench',
    upgrade_configs,
    access_log: [{ name: 'file', typed_config: log }],
    route_config: { virtual_hosts: [{ name: 'listed', domains, routes: [route] }] },
    http_filters: [
      { name: 'dynamic_forward_proxy', typed_config: forward },
      { name: 'router', typed_config: envoyType('filters.http.router.v3.Router') },
    ],
  };
}

function cluster(name: string, more: object = {}): unknown {
  const typed = { ...envoyType('clusters.dynamic_forward_proxy.v3.ClusterConfig'), dns_cache_config: dnsCache };
  return {
    name,
    lb_policy: 'CLUSTER_PROVIDED',
    circuit_breakers: { thresholds: [{ max_connections: 8000, max_requests: 8000, max_pending_requests: 8000 }] },
    cluster_type: { name: 'dynamic_forward_proxy', typed_config: typed },
    ...more,
  };
}

function envoyType(name: string) {
  return { '@type': `type.googleapis.com/envoy.extensions.${name}` };
}
