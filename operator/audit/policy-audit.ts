// Changes of policies, for whoever allows by editing one instead of deciding a request (attack A24): the same log, the same shape.
import type { ClusterEgressPolicy } from '../../crds/schema/cluster-egress-policy.ts';
import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';
import { annotations } from '../../crds/schema/group.ts';
import { canonicalJson, stableHash } from '../../engine/compile/stable-hash.ts';
import type { AuditRecord } from './audit-record.ts';
import type { AuditLog } from './create-audit-log.ts';

type Policy = EgressPolicy | ClusterEgressPolicy;

/** What a policy allows and refuses, each entry alone. */
interface Terms {
  readonly allows: ReadonlySet<string>;
  readonly refuses: ReadonlySet<string>;
}

export class PolicyAudit {
  readonly #log: AuditLog;
  /** Of each policy by uid, as it was seen last. */
  readonly #seen = new Map<string, { readonly generation: number; readonly terms: Terms }>();

  constructor(log: AuditLog) {
    this.#log = log;
  }

  /** Call before the status says that this generation was seen. */
  readonly take = (policy: Policy): void => {
    const { uid, generation } = policy.metadata;
    const seen = this.#seen.get(uid);
    if (seen?.generation === generation) return;
    const terms = termsOf(policy);
    const before = seen?.terms;
    this.#seen.set(uid, { generation, terms });
    if (policy.status?.observedGeneration === generation) return;
    const isNew = generation === 1;
    const widens = isNew ? wider(terms, { allows: new Set(), refuses: new Set() }) : before && wider(terms, before);
    const user = changedBy(policy);
    this.#log.record({
      id: `${uid}:${generation}:changed`,
      type: 'PolicyChanged',
      ...aboutOf(policy),
      ...(user === undefined ? {} : { user }),
      widens: widens === undefined ? 'Unknown' : widens ? 'Possibly' : 'No',
      rules: terms.allows.size,
      ...('freeze' in policy.spec ? { freeze: policy.spec.freeze } : {}),
      ...('ceiling' in policy.spec ? { ceiling: policy.spec.ceiling } : {}),
    });
  };

  /** Seen as it happens; one that is deleted while nobody leads is not. */
  readonly forget = (policy: Policy): void => {
    this.#seen.delete(policy.metadata.uid);
    this.#log.record({ id: `${policy.metadata.uid}:deleted`, type: 'PolicyDeleted', ...aboutOf(policy) });
  };
}

/** The user that the webhook wrote beside the spec, if it is this generation's: another says nothing about this change. */
function changedBy({ metadata }: Policy): string | undefined {
  const [, generation, user] = /^([0-9]+) (.+)$/.exec(metadata.annotations?.[annotations.changedBy] ?? '') ?? [];
  return Number(generation) === metadata.generation ? user : undefined;
}

function aboutOf({ kind, metadata, spec }: Policy): Pick<AuditRecord, 'object' | 'digest'> {
  const { namespace, name, uid, generation } = metadata;
  return { object: { kind, ...(namespace ? { namespace } : {}), name, uid, generation }, digest: stableHash(spec) };
}

function termsOf({ kind, spec }: Policy): Terms {
  if (kind === 'EgressPolicy') {
    const to = canonicalJson(spec.sandboxSelector);
    return { allows: entries([to], spec.allow), refuses: entries([to], spec.deny) };
  }
  const to = canonicalJson(spec.namespaceSelector);
  return {
    allows: entries([to], spec.baseline),
    refuses: new Set([
      ...entries([to], spec.deny),
      ...(spec.freeze ? [`${to} freeze`] : []),
      ...(spec.ceiling === undefined ? [] : [`${to} ${canonicalJson(spec.ceiling)}`]),
    ]),
  };
}

/** Names of rules mean nothing. */
function entries(prefix: readonly string[], rules: readonly { readonly name: string }[] = []): ReadonlySet<string> {
  return new Set(rules.map(({ name: _name, ...rule }) => `${prefix.join('')} ${canonicalJson(rule)}`));
}

/** Something is allowed that was not, or not refused any more. A rule that became narrower counts: it is a new one. */
function wider(now: Terms, before: Terms): boolean {
  return (
    [...now.allows].some(entry => !before.allows.has(entry)) ||
    [...before.refuses].some(entry => !now.refuses.has(entry))
  );
}
