export interface PodLogOptions {
  readonly container: string;
  readonly follow?: boolean;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
  /** RFC 3339; lines from then on. */
  readonly sinceTime?: string;
  readonly previous?: boolean;
  readonly timestamps?: boolean;
}

/** REST path of a container's log. */
export function podLogPath(namespace: string, pod: string, options: PodLogOptions): string {
  const given = Object.entries(options).flatMap(([key, value]) =>
    value === undefined || value === false ? [] : [[key, String(value)]],
  );
  const query = new URLSearchParams(given).toString();
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log?${query}`;
}
