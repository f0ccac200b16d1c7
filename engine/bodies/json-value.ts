// JSON as read, without effects: no prototypes, no rounded numbers.

export type JsonValue = null | boolean | string | JsonNumber | readonly JsonValue[] | JsonObject;

/** As written: no reader's rounding is taken for another's. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export class JsonObject {
  readonly #members = new Map<string, JsonValue>();

  /** False where the name is there already: which of two a server takes is its own secret. */
  add(name: string, value: JsonValue): boolean {
    const key = keyOf(name);
    if (this.#members.has(key)) return false;
    this.#members.set(key, value);
    return true;
  }

  get(name: string): JsonValue | undefined {
    return this.#members.get(keyOf(name));
  }

  has(name: string): boolean {
    return this.#members.has(keyOf(name));
  }

  names(): readonly string[] {
    return [...this.#members.keys()].map(key => key.slice(1));
  }
}

/** Older V8 hash strings that look like array indexes without a seed: behind a letter nobody can aim collisions (R10). */
function keyOf(name: string): string {
  return `k${name}`;
}
