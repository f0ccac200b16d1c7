// One approval as rules of a policy. A policy says less than an approval can (no end, no digest of a binary, no count), so what
// it cannot say without allowing more is refused by name.
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import type { AllowRule } from '../../../crds/schema/egress-rule.ts';
import { parsePathPattern } from '../../../engine/canonical/path-pattern.ts';
import type { Grant } from '../../../protocol/snapshot.ts';

export type RulesOfGrant =
  | { readonly ok: true; readonly rules: readonly AllowRule[] }
  | { readonly ok: false; readonly why: string };

/** `inspected`: rules of this host and port see its requests, so an opaque one would contradict them. */
export function rulesOfGrant(request: ApprovalRequest, grant: Omit<Grant, 'id'>, inspected: boolean): RulesOfGrant {
  const { host, port, binary, requests } = grant;
  const problem = problemOf(grant);
  if (problem !== undefined) return { ok: false, why: problem };
  const isAddress = isAddressText(host);
  const peer = isAddress
    ? { cidr: `${host}/${host.includes(':') ? 128 : 32}`, ports: [port] }
    : { host, ports: [port] };
  const name = ruleNameOf(request);
  const rule = (protocol: AllowRule['protocol']) => ({
    name,
    to: [peer],
    protocol,
    ...(binary === undefined ? {} : { binaries: [binary.path] }),
  });
  if (requests !== undefined) {
    const allow = requests.map(({ method, path }) => ({ methods: [method], path }));
    return { ok: true, rules: [{ ...rule('HTTP'), http: { allow } }] };
  }
  // A grant carries every request of its host, WebSockets too: in a policy that is two rules.
  if (inspected || (port === 80 && !isAddress))
    return {
      ok: true,
      rules: [
        { ...rule('HTTP'), http: { access: 'Full' } },
        { ...rule('WebSocket'), name: `${name}-ws`, webSocket: {} },
      ],
    };
  return { ok: true, rules: [rule(port === 443 && !isAddress ? 'TLS' : 'TCP')] };
}

/** The same for one request whenever it is promoted: readable, and by its digest nobody else's. */
export function ruleNameOf({ metadata, spec }: ApprovalRequest): string {
  const label = `${spec.egress?.host ?? ''}-${spec.egress?.port ?? ''}`
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+/g, '')
    .slice(0, 40)
    .replaceAll(/-+$/g, '');
  return `${label}-${metadata.name
    .replace(/^apr-/, '')
    .replaceAll(/[^a-z0-9]/g, '')
    .slice(0, 12)}`;
}

function problemOf({ binary, requests }: Omit<Grant, 'id'>): string | undefined {
  if (binary !== undefined && !/^\/[^\\]*$/.test(binary.path))
    return `its binary ${binary.path} is no path that a policy can name; approve with --scope Endpoint, or write the rule by hand`;
  for (const { path } of requests ?? []) {
    const parsed = parsePathPattern(path);
    if (path.includes('*')) return `its path ${path} has a *, which a policy reads as a pattern`;
    if (!parsed.ok) return `its path ${path} is none that a policy can name (${parsed.problem})`;
  }
  return undefined;
}

function isAddressText(host: string): boolean {
  return /^[0-9.]+$|:/.test(host);
}
