// The NetworkPolicy fields we write, under their names on the wire: the official client's types call `from` `_from`.

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
}

export interface PolicyPeer {
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
  readonly podSelector?: LabelSelector;
  readonly namespaceSelector?: LabelSelector;
}

export interface PolicyPort {
  readonly protocol: 'TCP' | 'UDP';
  readonly port?: number | string;
}

export interface EgressRule {
  readonly to: readonly PolicyPeer[];
  readonly ports: readonly PolicyPort[];
}

export interface NetworkPolicySpec {
  readonly podSelector: LabelSelector;
  readonly policyTypes: readonly ('Ingress' | 'Egress')[];
  readonly ingress: readonly never[];
  readonly egress: readonly EgressRule[];
}
