const clusterOnly =
  'it needs a kubelet and a Service of another tenant: the fence refuses it like any unlisted address (N22, N24)';

/** Attacks that no test of the tree carries out yet, each with the reason. */
export const untested: Readonly<Record<string, string>> = {
  N28: clusterOnly,
  N29: clusterOnly,
  N52: 'pods have user namespaces of their own only on clusters that offer them; the guard proves its fence at each start and refuses to go on without',
  D02: 'who approves never resolves a name: operator and CLI import no resolver; no test watches a resolver while a person decides',
  D11: 'the sidecar asks for absolute names only (resolve-name.test.ts); a search domain that a tenant owns needs a cluster',
};
