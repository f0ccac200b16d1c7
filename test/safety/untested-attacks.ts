const unwritten = 'not written yet';
const clusterOnly =
  'it needs a kubelet and a Service of another tenant: the fence refuses it like any unlisted address (N22, N24)';
const terminated = 'TLS termination has no test of it yet';

/** Attacks that no test of the tree carries out yet, each with the reason. */
export const untested: Readonly<Record<string, string>> = {
  N28: clusterOnly,
  N29: clusterOnly,
  N33: 'there is no explicit proxy: topology Paired comes later',
  N34: 'there is no explicit proxy: topology Paired comes later',
  N52: 'pods have no user namespace of their own here; the guard’s proof of the fence would refuse to start',
  D02: 'approvals never resolve a name: the operator imports no resolver',
  D11: 'the sidecar asks for absolute names only (resolve-name.test.ts); the search domain itself needs a cluster',
  T14: terminated,
  T16: terminated,
  T17: terminated,
  T18: terminated,
  T19: terminated,
  T21: terminated,
  T22: 'plain TCP is opaque by decision; that its address stays pinned is what every TCP rule’s test shows',
  T23: terminated,
  T24: terminated,
  T15: unwritten,
  H17: unwritten,
  H49: unwritten,
  R12: unwritten,
};
