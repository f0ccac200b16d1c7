/** The one name of everything a Sandbox owns: pod, workspace claim, NetworkPolicy, service account. */
export function childName(sandbox: string): string {
  return `csb-${sandbox}`;
}
