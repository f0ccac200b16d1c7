import { existsSync, readdirSync } from 'node:fs';
import { type ClusterLayout, netnsPrefix } from './layout.ts';

/** The named network namespaces of a cluster that exist now. */
export function netnsNamesOf(layout: ClusterLayout): readonly string[] {
  if (!existsSync('/run/netns')) return [];
  const own = new RegExp(`^${netnsPrefix}${layout.name}-(cp|gw|n\\d+)$`);
  return readdirSync('/run/netns').filter(name => own.test(name));
}
