import { parse, stringify } from 'yaml';
import { z } from 'zod';

const schema = z.looseObject({
  users: z.array(z.looseObject({ name: z.string(), user: z.looseObject({}) })).min(1),
});

/** The same kubeconfig with every one of its users acting as another: what an administrator may do on any cluster. */
export function impersonatingKubeconfig(kubeconfig: string, user: string, groups: readonly string[]): string {
  const config = schema.parse(parse(kubeconfig, { version: '1.1' }));
  const impersonation = { as: user, ...(groups.length === 0 ? {} : { 'as-groups': groups }) };
  const users = config.users.map(entry => ({ ...entry, user: { ...entry.user, ...impersonation } }));
  return stringify({ ...config, users }, { version: '1.1' });
}
