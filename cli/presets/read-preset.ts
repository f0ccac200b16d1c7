// The egress presets that come with Creel: from the tree, or beside the bundle.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { egressPolicySchema } from '../../crds/schema/egress-policy.ts';
import { labels } from '../../crds/schema/group.ts';
import { exitCodes } from '../exit-codes.ts';
import type { NewObject } from '../sandboxes/build-sandbox.ts';
import { UserError } from '../user-error.ts';

/** In the tree this file is cli/presets/read-preset.ts; the bundle has a folder of them at its side. */
const folders = [join(import.meta.dirname, 'presets'), join(import.meta.dirname, '..', '..', 'policies', 'presets')];

export function listPresets(): readonly string[] {
  const folder = folders.find(one => existsSync(one));
  if (folder === undefined) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isDirectory() && existsSync(join(folder, entry.name, `${entry.name}.yaml`)))
    .map(({ name }) => name)
    .sort();
}

/** The preset as a policy of one sandbox alone, named after both. */
export function readPreset(preset: string, namespace: string, sandbox: string): NewObject {
  const names = listPresets();
  if (!names.includes(preset))
    throw new UserError(`--preset ${preset}: there is none of that name; there are ${names.join(', ')}`, {
      exitCode: exitCodes.usage,
    });
  const file = folders.map(folder => join(folder, preset, `${preset}.yaml`)).find(one => existsSync(one)) ?? '';
  const { apiVersion, kind, spec } = egressPolicySchema.parse(parse(readFileSync(file, 'utf8'), { version: '1.1' }));
  return {
    apiVersion,
    kind,
    metadata: { name: `${sandbox}-${preset}`, namespace },
    spec: { ...spec, sandboxSelector: { matchLabels: { [labels.sandbox]: sandbox } } },
  };
}
