// The API group: names that people and machines must spell alike.

export const group = 'creel.dev';
export const version = 'v1alpha1';
export const apiVersion = `${group}/${version}`;

export const labels = {
  /** On a namespace: its sandboxes are managed, its other pods are held to *restricted*. */
  sandboxes: `${group}/sandboxes`,
  /** On children: the Sandbox they belong to. */
  sandbox: `${group}/sandbox`,
  managedBy: 'app.kubernetes.io/managed-by',
  /** On an ApprovalRequest: the same for every round of one question. */
  question: `${group}/question`,
} as const;

export const annotations = {
  /** On the pod, read by the sidecar through a downwardAPI volume. */
  sandbox: `${group}/sandbox`,
  hubCa: `${group}/hub-ca`,
  hubAddress: `${group}/hub-address`,
  extraCa: `${group}/extra-ca`,
  /** Digest of the pod as it was planned: tells a changed Sandbox from an edited pod. */
  podHash: `${group}/pod-hash`,
  /** On an ApprovalRequest: how often the question was asked before. */
  round: `${group}/round`,
  /** On an ApprovalRequest: how often in a row the question was denied before. */
  denials: `${group}/denials`,
  /** On a Sandbox and on what it asks for: who made it, as the API server knew them. Nobody changes it. */
  createdBy: `${group}/created-by`,
  /** On a policy: `GENERATION USER`, who made this generation of it, as the API server knew them. */
  changedBy: `${group}/changed-by`,
  /** On a Namespace or a Sandbox: `true`, or the time (RFC 3339) until which nobody is told of its requests. */
  muteNotifications: `${group}/mute-notifications`,
  /** On a kept workspace claim: uid of the Sandbox it serves. A person may set it to hand a kept workspace on. */
  workspaceOf: `${group}/workspace-of`,
  /** On a Secret: the only hosts its key is ever sent to, comma-separated. */
  allowedHosts: `${group}/allowed-hosts`,
  /** On an InferenceProfile: "true" makes it the namespace's default. */
  defaultProfile: `${group}/default-profile`,
} as const;
