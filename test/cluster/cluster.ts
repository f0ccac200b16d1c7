// What a test or the demo asks of a Kubernetes cluster, whoever provides it.

export interface ClusterNode {
  readonly name: string;
  /** The address other nodes, the API server and the test process reach it at. */
  readonly address: string;
  /** The node's network namespace; only embedded nodes have one that this machine can enter. */
  readonly netns?: string;
}

export interface Cluster {
  readonly provider: 'embedded' | 'kubeconfig' | 'k3s';
  readonly name: string;
  /** A kubeconfig of a cluster administrator. */
  readonly kubeconfigPath: string;
  readonly apiServerUrl: string;
  readonly nodes: readonly ClusterNode[];
  /** Runs kubectl as the administrator and answers its stdout; throws a CommandError when it fails. */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<string>;
  /** Runs helm as the administrator and answers its stdout. */
  helm(args: readonly string[]): Promise<string>;
  /** Writes a kubeconfig that acts as this user and answers its path. */
  clientFor(user: string, groups?: readonly string[]): Promise<string>;
  /** Makes the images of these OCI archives available to every node; one that is already there costs nothing. */
  importImages(archives: readonly string[]): Promise<void>;
  /** Ends the cluster if this run started it; a cluster given by kubeconfig is left alone. */
  down(): Promise<void>;
}

export interface KubectlOptions {
  readonly stdin?: string;
  /** Another kubeconfig than the administrator's, such as one made by `clientFor`. */
  readonly kubeconfigPath?: string;
}
