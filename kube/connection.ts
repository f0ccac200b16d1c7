/** How to reach an API server and who we are there. Credentials are PEM text; a token is asked for anew, it rotates. */
export interface Connection {
  /** `https://host:port`, without a path. */
  readonly server: string;
  readonly ca?: string;
  /** TLS name where it differs from the server's host. */
  readonly serverName?: string;
  readonly clientCertificate?: { readonly cert: string; readonly key: string };
  readonly token?: () => Promise<string>;
  readonly impersonate?: { readonly user: string; readonly groups: readonly string[] };
}

/** The connection cannot be made as configured; the message says which field and what to do. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}
