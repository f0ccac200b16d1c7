// Which executables an entry is for.
import { absolutePath } from '../../../crds/schema/primitives.ts';
import { Fields } from './fields.ts';
import type { Findings } from './finding.ts';

/** Programs whose sockets belong to another executable. */
const sockets: Readonly<Record<string, string>> = {
  git: '/usr/lib/git-core/git-remote-http',
  npm: 'node',
  npx: 'node',
  yarn: 'node',
  pnpm: 'node',
  claude: 'node',
  codex: 'node',
  openclaw: 'node',
  pip: 'python3',
  pip3: 'python3',
};

export type Binaries = { readonly binaries?: string[] } | 'None';

/** `None`: no executable is left, so the entry allows nothing. */
export function readBinaries(entry: Fields, anyBinary: boolean, findings: Findings): Binaries {
  const items = entry.list('binaries') ?? [];
  if (items.length === 0) {
    if (anyBinary) return {};
    findings.refused(
      entry.at('binaries'),
      'no binaries: OpenShell denies everyone then, its docs say anyone; pass --any-binary, or list executables',
    );
    return 'None';
  }
  const binaries = items.flatMap(item => {
    const fields = Fields.of(item, findings);
    const path = fields?.text('path');
    if (fields?.has('harness') === true) findings.inert(fields.at('harness'), 'harness is read and ignored there');
    fields?.done('unknown key of a binary; it has path');
    if (fields === undefined || path === undefined) {
      if (fields !== undefined && !fields.has('path')) findings.refused(item, 'a binary needs path');
      return [];
    }
    if (path.includes('*')) {
      findings.unsupported(fields.at('path'), `${path}: a pattern; list the executables`);
      return [];
    }
    if (!absolutePath.safeParse(path).success) findings.refused(fields.at('path'), `${path} is no absolute path`);
    const owner = sockets[path.slice(path.lastIndexOf('/') + 1)];
    if (owner !== undefined)
      findings.differs(
        fields.at('path'),
        `a rule names the executable that owns the socket; ${path} usually runs ${owner}: name that one`,
      );
    return [path];
  });
  return binaries.length === 0 ? 'None' : { binaries: [...new Set(binaries)] };
}
