import { spawnSync } from 'node:child_process';

/** Why Docker cannot be used here, or undefined when it can. */
export function dockerObstacle(): string | undefined {
  const asked = spawnSync('docker', ['info', '--format', '{{.ServerVersion}}'], { encoding: 'utf8' });
  if (asked.error !== undefined) return 'the docker command is not installed';
  return asked.status === 0 ? undefined : `the Docker engine does not answer (${asked.stderr.trim().split('\n')[0]})`;
}
