// A rule's protocol block with its patterns and globs compiled: done once for a snapshot, at the first request.
import type { CompiledRule, Grant, Inspection } from '../../../protocol/snapshot.ts';
import { compileGlobs, type Glob } from '../../canonical/glob.ts';
import type { PathMatcher } from '../../canonical/path-pattern.ts';
import { type CompiledPattern, compilePattern, compileWherePath } from './match-pattern.ts';
import type { Looks } from './request-facts.ts';

type BlockOf<Kind extends Inspection['kind']> = Extract<Inspection, { kind: Kind }>;

/** Globs of absent lists match everything. */
export type PreparedBlock =
  | {
      readonly kind: 'HTTP';
      readonly access: BlockOf<'HTTP'>['access'];
      readonly allow: readonly CompiledPattern[];
      readonly deny: readonly CompiledPattern[];
    }
  | {
      readonly kind: 'GraphQL';
      readonly block: BlockOf<'GraphQL'>;
      readonly path: PathMatcher | undefined;
      readonly field: Glob;
    }
  | { readonly kind: 'JSONRPC'; readonly path: PathMatcher | undefined; readonly method: Glob }
  | {
      readonly kind: 'MCP';
      readonly block: BlockOf<'MCP'>;
      readonly path: PathMatcher | undefined;
      readonly method: Glob;
      readonly tool: Glob;
    }
  | { readonly kind: 'WebSocket'; readonly block: BlockOf<'WebSocket'>; readonly path: PathMatcher | undefined };

export interface PreparedRule {
  readonly rule: CompiledRule;
  readonly block: PreparedBlock;
}

/** Undefined for TLS and TCP: an opaque rule lets no request through where others inspect. */
export function prepareRule(rule: CompiledRule): PreparedRule | undefined {
  return rule.inspection === undefined ? undefined : { rule, block: prepareBlock(rule.inspection) };
}

function prepareBlock(block: Inspection): PreparedBlock {
  if (block.kind === 'HTTP') {
    const { kind, access } = block;
    return { kind, access, allow: block.allow.map(compilePattern), deny: block.deny.map(compilePattern) };
  }
  const path = compileWherePath(block.path);
  if (block.kind === 'GraphQL') return { kind: block.kind, block, path, field: compileGlobs(block.fields) };
  if (block.kind === 'JSONRPC') return { kind: block.kind, path, method: compileGlobs(block.methods) };
  if (block.kind === 'WebSocket') return { kind: block.kind, block, path };
  return { kind: block.kind, block, path, method: compileGlobs(block.methods), tool: compileGlobs(block.tools) };
}

/** What any rule or grant of the connection looks at. */
export function looksOf(rules: readonly PreparedRule[], grants: readonly Grant[]): Looks {
  const patterns = rules.flatMap(({ block }) => (block.kind === 'HTTP' ? [...block.allow, ...block.deny] : []));
  const hasPath = ({ block }: PreparedRule) => block.kind !== 'HTTP' && block.path !== undefined;
  const isFull = ({ block }: PreparedRule) =>
    block.kind === 'HTTP' && block.access === 'Full' && block.deny.every(({ methods }) => methods === undefined);
  return {
    path: rules.some(hasPath) || patterns.some(({ path }) => path !== undefined) || grants.some(hasRequests),
    query: patterns.some(({ query }) => query.length > 0),
    method: !rules.every(isFull) || grants.some(hasRequests),
  };
}

function hasRequests({ requests }: Grant): boolean {
  return requests !== undefined;
}
