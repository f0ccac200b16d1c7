// filesystem_policy, landlock and process into the Sandbox's fields.
import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import type { Fields } from './fields.ts';
import type { Findings } from './finding.ts';

export type SandboxFields = Pick<Sandbox['spec'], 'filesystem' | 'user'>;

const maxPathLength = 4096;
const sidecarId = 1337;
/** Writable in every sandbox. */
const alwaysWritable: ReadonlySet<string> = new Set(['/dev/null', '/dev/zero', '/dev/full', '/dev/tty']);

export function readSandbox(policy: Fields, findings: Findings): SandboxFields {
  const readWrite = readFolders(policy, findings);
  const landlock = policy.fields('landlock');
  const compatibility = landlock?.choice('compatibility', ['best_effort', 'hard_requirement']);
  landlock?.done('unknown key of landlock; it has compatibility');
  const process = policy.fields('process');
  const uid = process && readId(process, 'run_as_user', findings);
  const gid = process && readId(process, 'run_as_group', findings);
  process?.done('unknown key of process; it has run_as_user and run_as_group');
  const filesystem = {
    ...(readWrite.length === 0 ? {} : { readWrite }),
    ...(compatibility === undefined
      ? {}
      : { landlock: compatibility === 'best_effort' ? ('BestEffort' as const) : ('Required' as const) }),
  };
  const user = { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) };
  return {
    ...(Object.keys(filesystem).length === 0 ? {} : { filesystem }),
    ...(Object.keys(user).length === 0 ? {} : { user }),
  };
}

function readFolders(policy: Fields, findings: Findings): string[] {
  const filesystem = policy.fields('filesystem_policy');
  if (filesystem === undefined) return [];
  const folders = filesystem.flag('include_workdir') === true ? ['/sandbox'] : [];
  const [readOnly, readWrite] = (['read_only', 'read_write'] as const).map(name =>
    (filesystem.list(name) ?? []).flatMap(item => {
      const path = item.kind === 'scalar' ? item.value : undefined;
      const problem = pathProblem(path, name === 'read_write');
      if (problem !== undefined) findings.refused(item, problem);
      return problem === undefined ? [{ path: String(path), line: item.line, at: item.path }] : [];
    }),
  );
  filesystem.done('unknown key of filesystem_policy; it has include_workdir, read_only and read_write');
  if ((readOnly?.length ?? 0) + (readWrite?.length ?? 0) > 256)
    findings.refused(filesystem.place, 'more than 256 paths');
  for (const { path, line, at } of readOnly ?? []) {
    const isInside = [...folders, ...(readWrite ?? []).map(one => one.path)].some(folder => isWithin(path, folder));
    const place = { path: at, line };
    if (isInside) findings.unsupported(place, `${path}: read-only inside a writable folder; mount it with spec.files`);
    else findings.inert(place, `${path}: all outside the writable folders is read-only already, and readable`);
  }
  for (const { path, line, at } of readWrite ?? []) {
    if (isWithin(path, '/sandbox') || isWithin(path, '/tmp')) folders.push(path);
    else if (alwaysWritable.has(path)) findings.inert({ path: at, line }, `${path} is writable in every sandbox`);
    else
      findings.unsupported({ path: at, line }, `${path}: only folders at or below /sandbox and /tmp can be writable`);
  }
  const all = [...new Set(folders)];
  return all.filter(path => !all.some(other => other !== path && isWithin(path, other)));
}

function pathProblem(path: unknown, isWritable: boolean): string | undefined {
  if (typeof path !== 'string' || !path.startsWith('/')) return 'must be an absolute path';
  if (path.length > maxPathLength) return `longer than ${maxPathLength} characters`;
  if (path.split('/').includes('..')) return "'..' is no part of a path here; write it out";
  return isWritable && path === '/' ? '/ cannot be writable' : undefined;
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/** `sandbox` is the default user. */
function readId(process: Fields, name: string, findings: Findings): number | undefined {
  const value = process.raw(name);
  if (value === undefined) return undefined;
  const text = value.kind === 'scalar' ? value.source : '';
  if (text === 'sandbox') return undefined;
  const id = Number(text);
  if (!/^[1-9][0-9]*$/.test(text) || id > 4_294_967_294) {
    findings.refused(value, `${text || 'empty'} is neither sandbox nor an id from 1 to 4294967294`);
    return undefined;
  }
  if (id !== sidecarId && id <= 2_147_483_647) return id;
  findings.unsupported(
    value,
    `id ${id}: ${id === sidecarId ? "is the sidecar's own" : 'the kernel takes at most 2147483647'}`,
  );
  return undefined;
}
