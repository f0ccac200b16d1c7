/** CoreDNS's configuration; names outside the cluster go to the outside world's server, or nowhere. */
export function corefile(outsideDns: string | undefined): string {
  const forward = outsideDns === undefined ? '' : `\n    forward . ${outsideDns}\n    cache 30`;
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
