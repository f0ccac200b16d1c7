// Secrets of one sandbox's rules, and what keeps a rule from being signed in. Pure.
import { createHmac } from 'node:crypto';
import { parseAuthority } from '../../engine/canonical/authority.ts';
import { hostText } from '../../engine/canonical/host.ts';
import type { RuleIssue } from '../../engine/compile/rule-issue.ts';
import { canonicalJson } from '../../engine/compile/stable-hash.ts';
import type { CompiledRule, Credentials } from '../../protocol/snapshot.ts';
import { checkCredential } from './check-credential.ts';
import type { CredentialState } from './credential-state.ts';

type CredentialLookup = (namespace: string, secret: string) => CredentialState;

/** As `compileCredentials` makes it. */
export interface CredentialsResult {
  readonly credentials: Credentials;
  readonly credentialIssues: readonly RuleIssue[];
}

/** `hashKey` is random and stays in this process: a hash seen in an ack is no way to guess the secret. */
export function compileCredentials(
  rules: readonly CompiledRule[],
  lookup: CredentialLookup,
  hashKey: Uint8Array,
): CredentialsResult {
  const checked = rules.flatMap(rule => checkRule(rule, lookup) ?? []);
  const items = new Map(checked.flatMap(({ item }) => (item === undefined ? [] : [[item.ref, item] as const])));
  const sorted = [...items.values()].sort((a, b) => (a.ref < b.ref ? -1 : Number(a.ref > b.ref)));
  return {
    credentials: { hash: createHmac('sha256', hashKey).update(canonicalJson(sorted)).digest('hex'), items: sorted },
    credentialIssues: checked.flatMap(({ issue }) => issue ?? []),
  };
}

/** What keeps rules from being signed in, in the order of the rules. */
export function credentialIssues(rules: readonly CompiledRule[], lookup: CredentialLookup): readonly RuleIssue[] {
  return rules.flatMap(rule => checkRule(rule, lookup)?.issue ?? []);
}

/** `namespace` and `secret` of `namespace/secret/key`. */
export function secretOf(ref: string): { readonly namespace: string; readonly name: string; readonly key: string } {
  const [namespace = '', name = '', key = ''] = ref.split('/');
  return { namespace, name, key };
}

interface CheckedRule {
  readonly item?: Credentials['items'][number];
  readonly issue?: RuleIssue;
}

function checkRule({ id, credential, hosts, ports }: CompiledRule, lookup: CredentialLookup): CheckedRule | undefined {
  if (credential === undefined) return undefined;
  const { namespace, name, key } = secretOf(credential.ref);
  const state = lookup(namespace, name);
  const checked = checkCredential(state, {
    field: 'credential.secretRef',
    namespace,
    name,
    key,
    hosts: hosts.map(host => host.name),
    covers: (allowed, host) => covers(allowed, host, ports),
  });
  if (!checked.ok) {
    const at = id.lastIndexOf('/');
    const { reason, message } = checked;
    return { issue: { policy: id.slice(0, at), rule: id.slice(at + 1), reason, message } };
  }
  const allowedHosts = state.state === 'Read' ? canonicalHosts(state.allowedHosts ?? []) : [];
  return { item: { ref: credential.ref, secret: checked.secret, allowedHosts } };
}

/** The annotation names exact hosts, with or without a port; every port of the rule must be covered. */
function covers(allowed: string, host: string, ports: readonly number[]): boolean {
  const parsed = parseAuthority(allowed);
  if (!parsed.ok || hostText(parsed.host) !== host) return false;
  return parsed.port === undefined || ports.every(port => port === parsed.port);
}

function canonicalHosts(texts: readonly string[]): readonly string[] {
  const hosts = texts.flatMap(text => {
    const parsed = parseAuthority(text);
    if (!parsed.ok || parsed.host.kind !== 'name') return [];
    return parsed.port === undefined ? [hostText(parsed.host)] : [`${hostText(parsed.host)}:${parsed.port}`];
  });
  return [...new Set(hosts)].sort();
}
