import { currentCluster } from '../../test/cluster/current-cluster.ts';

export interface Right {
  /** `pods/log`, `sandboxes.creel.dev`, or a path such as `/metrics`. */
  readonly resource: string;
  /** Empty: all of them. */
  readonly names: readonly string[];
  readonly verbs: readonly string[];
}

const nobody = ['nobody-in-particular', 'system:serviceaccount:default:nobody-in-particular'];

/** `kubectl auth can-i --list` of that user, without what everybody may who has logged in. */
export async function listRights(user: string, namespace: string): Promise<readonly Right[]> {
  const common = await Promise.all(nobody.map(each => ask(each, namespace)));
  const everybody = new Set(common.flat().map(key));
  return (await ask(user, namespace)).filter(right => !everybody.has(key(right)));
}

async function ask(user: string, namespace: string): Promise<Right[]> {
  const table = await currentCluster().kubectl([
    'auth',
    'can-i',
    '--list',
    '--no-headers',
    `--as=${user}`,
    '-n',
    namespace,
  ]);
  return table.split('\n').filter(Boolean).map(parseRow).sort(byKey);
}

/** Resource, `[paths]`, `[names]`, `[verbs]`; the first is missing where a path is meant. */
function parseRow(row: string): Right {
  const [, resource = '', paths = '', names = '', verbs = ''] =
    /^(\S*)\s+\[([^\]]*)\]\s+\[([^\]]*)\]\s+\[([^\]]*)\]/.exec(row) ?? [];
  if (verbs === '') throw new Error(`kubectl auth can-i --list answers another table than this parser knows: ${row}`);
  return { resource: resource === '' ? paths : resource, names: words(names), verbs: words(verbs).sort() };
}

function words(text: string): string[] {
  return text.split(/\s+/).filter(Boolean);
}

function key({ resource, names, verbs }: Right): string {
  return [resource, ...names, ...verbs].join(' ');
}

function byKey(a: Right, b: Right): number {
  return key(a) < key(b) ? -1 : 1;
}
