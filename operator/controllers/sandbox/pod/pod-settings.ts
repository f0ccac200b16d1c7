/** What the operator's install, not the Sandbox, says about every sandbox pod. */
export interface PodSettings {
  readonly sidecarImage: string;
  /** `ip:port` of the hub's Service. */
  readonly hubAddress: string;
  /** PEM of the hub's certificate authorities, the one in use and the next. */
  readonly hubTrust: string;
  /** Further upstream roots, PEM. */
  readonly extraTrust?: string;
}
