// What a reader makes of the bytes of one connection to a server.

export interface ReadRequest {
  readonly method: string;
  /** As on the wire. */
  readonly target: string;
  readonly host: string;
  /** In the order and case of the reader's own; each character is a byte. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** Its body is not whole. */
  readonly problem?: string;
}

export interface Reading {
  readonly requests: readonly ReadRequest[];
  /** Why nothing more was read. */
  readonly problem?: string;
}

/** About the connection rather than the request, or said otherwise by some readers: host and framing are compared by themselves. */
const apart = new Set(['host', 'content-length', 'transfer-encoding', 'connection', 'trailer', 'te', 'expect']);

/** The same for readers that agree: fields sorted by name, crumbs of cookies joined (RFC 9113, 8.2.3). */
export function comparable({ method, target, host, fields, body }: ReadRequest): object {
  const values = new Map<string, string[]>();
  for (const [name, value] of fields) {
    const key = name.toLowerCase();
    if (apart.has(key)) continue;
    values.set(key, [...(values.get(key) ?? []), value]);
  }
  const joined = [...values].map(([key, list]) => [key, key === 'cookie' ? [list.join('; ')] : list] as const);
  return {
    method,
    target,
    host,
    fields: joined.toSorted(([one], [other]) => (one < other ? -1 : 1)),
    body: body.toString('latin1'),
  };
}
