import type { AllowRule } from '../../../crds/schema/egress-rule.ts';

/** An allow rule before it has a name and binaries. */
export type RuleDraft = Omit<AllowRule, 'name' | 'binaries'>;

/** What of a rule an endpoint's protocol decides. */
export type RuleBlock = Pick<AllowRule, 'protocol' | 'http' | 'graphql' | 'jsonRpc' | 'mcp' | 'webSocket'>;

export type RequestDraft = NonNullable<NonNullable<AllowRule['http']>['allow']>[number];
