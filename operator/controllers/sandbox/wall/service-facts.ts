/** What a NetworkPolicy needs to know of a Service: it admits the pods behind it, on their own ports. */
export interface ServiceFacts {
  readonly namespace: string;
  readonly name: string;
  /** Absent where endpoints are kept by hand. */
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports: readonly { readonly port: number; readonly targetPort: number | string }[];
  /** Addresses behind a Service without a selector. */
  readonly endpoints: readonly string[];
}
