/** CoreDNS's configuration; names outside the cluster go to these servers, or nowhere. */
export function corefile(nameServers: readonly string[]): string {
  const forward = nameServers.length === 0 ? '' : `\n    forward . ${nameServers.join(' ')}\n    cache 30`;
  return `.:53 {
    errors
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 5
    }${forward}
}
`;
}
