/** Why a sandbox cannot go on without somebody's help. The message names field, problem and remedy. */
export interface Problem {
  readonly reason:
    | 'NamespaceNotPrepared'
    | 'SettingsIncomplete'
    | 'InferenceNotReady'
    | 'TopologyNotSupported'
    | 'NameTaken'
    | 'PodRefused'
    | 'ChildRefused'
    | 'GPUDenied';
  readonly message: string;
}
