// What pod, sidecar, launcher and operator must agree on byte for byte. launcher/contract.go repeats it; test/safety compares.

export const sidecarUid = 1337;
export const sidecarGid = 1337;
export const agentUid = 1000;
export const agentGid = 1000;

/** Listeners of the sidecar inside the pod's network namespace, all but health on loopback. */
export const ports = {
  /** Captured TCP arrives here; SO_ORIGINAL_DST tells where it wanted to go. */
  transparent: 15001,
  /** Captured DNS, UDP and TCP. */
  dns: 15053,
  /** Liveness for the kubelet: the only port the fence opens from outside. */
  health: 15021,
} as const;

/** conntrack mark of every connection the sidecar's uid opened. */
export const sidecarMark = 0x539;

/** TEST-NET-1 (RFC 5737): answered by a working capture and by nothing else. */
export const attestation = { address: '192.0.2.1', port: 4711 } as const;

/**
 * The addresses handed out by synthetic DNS. Ordinary-looking unicast (agents' own SSRF guards refuse 198.18/15);
 * a rule that overlaps it is refused.
 */
export const syntheticRange = '28.64.0.0/14';

/** The name under which every sandbox finds its model. */
export const inferenceHost = 'inference.local';

/** Audience of the sidecar's projected token; only the hub accepts it, only kubelets may mint it. */
export const hubAudience = 'creel-hub';

/** TLS server name of the hub: its certificate is for this, whatever address it is reached at. */
export const hubServerName = 'hub.creel.internal';

/** The hub listens on both; every sandbox's NetworkPolicy admits the first and none admits the second. */
export const hubPorts = { session: 8443, forbidden: 8444 } as const;

export const paths = {
  /** Shared with the agent, read-only there: launcher and trust bundle. */
  shared: '/creel',
  launcher: '/creel/launcher',
  sandboxCa: '/creel/ca.crt',
  caBundle: '/creel/ca-bundle.crt',
  /** tmpfs of the sidecar container alone: the pod's CA key, the last snapshot, the DNS map. */
  private: '/run/creel',
  token: '/var/run/secrets/creel.dev/hub/token',
  /** downwardAPI: hub-ca.pem (annotation creel.dev/hub-ca) and extra-ca.pem (annotation creel.dev/extra-ca). */
  podInfo: '/etc/creel/podinfo',
} as const;

/** Of the sidecar's node: with V8's own choice 1 000 held connections of 10 000 cost 160 MiB, with this under 128. */
export const sidecarNodeFlags = ['--max-semi-space-size=1'] as const;
/** And of glibc: one arena gives back after a flood what several keep in pieces, 113 MiB in place of 139. */
export const sidecarEnvironment = { MALLOC_ARENA_MAX: '1' } as const;

export const containerNames = { sidecar: 'sidecar', agent: 'agent' } as const;

/** Environment of the agent's container, sessions included: folders joined by colons that the launcher leaves writable. */
export const writableVariable = 'CREEL_WRITABLE';
export const writableFolders = ['/sandbox', '/tmp'] as const;
