/** What the operator knows of one Secret that a profile or rule names. The key is in memory only, and goes to sidecars alone. */
export type CredentialState =
  /** Not asked for yet. */
  | { readonly state: 'Unread' }
  | { readonly state: 'Missing' }
  /** Nobody has given the operator the right; `message` says how. */
  | { readonly state: 'Denied'; readonly message: string }
  | {
      readonly state: 'Read';
      /** Decoded, by key. Values never reach a log: nothing prints a CredentialState. */
      readonly values: ReadonlyMap<string, string>;
      /** From the annotation creel.dev/allowed-hosts; undefined where it is absent. */
      readonly allowedHosts?: readonly string[];
    };
