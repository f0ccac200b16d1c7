import { agentGid, agentUid, sidecarGid, sidecarUid } from '../../protocol/constants.ts';

/** `root` is uid 0 as a container has it with all capabilities dropped; `admin` is uid 0 with every one, for preparations. */
export type PodUser = 'agent' | 'root' | 'sidecar' | 'admin';

const noCapabilities = ['--bounding-set', '-all', '--inh-caps', '-all', '--no-new-privs'];

const flags: Readonly<Record<PodUser, readonly string[]>> = {
  agent: [...identity(agentUid, agentGid), ...noCapabilities],
  sidecar: [...identity(sidecarUid, sidecarGid), ...noCapabilities],
  root: [...identity(0, 0), ...noCapabilities],
  admin: [],
};

/** For setpriv. */
export function userFlags(user: PodUser): readonly string[] {
  return flags[user];
}

function identity(uid: number, gid: number): readonly string[] {
  return ['--reuid', String(uid), '--regid', String(gid), '--clear-groups'];
}
