// A target's query as ordered pairs (application/x-www-form-urlencoded): `+` is a space, a bare key has the value '',
// `;` separates nothing. Pairs, not an object: `__proto__` is a key like any other, and no value hides another.

export type QueryPairs = readonly (readonly [name: string, value: string])[];

const queryLimits = { length: 65_536, pairs: 1024 } as const;

/** Undefined where a reading is not certain: a bad escape, bytes that are not UTF-8, too much of it. */
export function parseRequestQuery(query: string): QueryPairs | undefined {
  if (query.length > queryLimits.length) return undefined;
  const parts = query.split('&').filter(part => part !== '');
  if (parts.length > queryLimits.pairs) return undefined;
  const pairs: [string, string][] = [];
  for (const part of parts) {
    const [name, value] = splitPair(part).map(decodeField);
    if (name === undefined || value === undefined) return undefined;
    pairs.push([name, value]);
  }
  return pairs;
}

function splitPair(part: string): readonly [name: string, value: string] {
  const equals = part.indexOf('=');
  return equals < 0 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)];
}

function decodeField(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** As lenient servers read it: `;` separates too, and a bad escape is text. For what must not be walked around. */
export function looseQuery(query: string): QueryPairs {
  return query.split(/[&;]/).map(part => {
    const [name, value] = splitPair(part);
    return [decodeField(name) ?? name, decodeField(value) ?? value] as const;
  });
}
