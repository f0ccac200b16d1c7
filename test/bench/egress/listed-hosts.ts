// What every contestant is given to enforce: as many hosts and wildcards as a busy team's policy has.

/** Opaque bytes. */
export const benchPort = 7443;
/** HTTPS whose requests are looked at: GET below /v1/ alone is allowed. */
export const httpsPort = 7444;
export const exactHosts = Array.from({ length: 200 }, (_, index) => `host-${index}.bench.test`);
export const wildcards = Array.from({ length: 20 }, (_, index) => `wild-${index}.test`);
/** In the middle of the list. */
export const benchHost = exactHosts[100] ?? '';
