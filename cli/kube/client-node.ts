// The little that is used of the official client; imported by this name a bundle leaves out the rest.
export { Exec, KubeConfig } from '@kubernetes/client-node';
