import { join } from 'node:path';
import type { NodeLayout } from './layout.ts';

/** containerd's TOML: everything it keeps lies in the node's folder. */
export function containerdConfig(node: NodeLayout, cri: string, sandboxImage: string): string {
  const file = (name: string) => JSON.stringify(join(node.folder, name));
  return `version = 3
root = ${file('containerd/root')}
state = ${file('containerd/state')}

[grpc]
  address = ${JSON.stringify(node.containerdSocket)}

[plugins."io.containerd.internal.v1.opt"]
  path = ${file('containerd/opt')}

[plugins."io.containerd.nri.v1.nri"]
  disable = true

[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = ${JSON.stringify(sandboxImage)}

[plugins."io.containerd.cri.v1.runtime"]
  # Without CAP_SYS_RESOURCE runc may not lower oom_score_adj, and every container would fail to start.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        BinaryName = ${JSON.stringify(join(cri, 'runc'))}
        Root = ${file('runc')}
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = [${JSON.stringify(cri)}, ${file('cni-plugins')}]
    conf_dir = ${file('cni')}
`;
}
