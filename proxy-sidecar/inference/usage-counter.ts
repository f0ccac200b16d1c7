// Reads token usage from a copy of the answer; the answer itself never waits for it.

export interface Usage {
  readonly tokens: number;
  /** The upstream said nothing: one token for each streamed event, or a quarter of the body's bytes. */
  readonly isEstimate: boolean;
}

/** A longer line or body is not looked into. */
const maxHeldBytes = 512 * 1024;

export class UsageCounter {
  readonly #isStream: boolean;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #isTooLong = false;
  #bytes = 0;
  #events = 0;
  #tokens: number | undefined;

  constructor(isStream: boolean) {
    this.#isStream = isStream;
  }

  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (!this.#isStream) return this.#hold(chunk);
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      this.#hold(chunk.subarray(from, end));
      this.#readLine(this.#takeHeld());
      from = end + 1;
    }
    this.#hold(chunk.subarray(from));
  }

  end(): Usage {
    const rest = this.#takeHeld();
    if (rest !== undefined && !this.#isStream) this.#readJson(rest);
    if (this.#tokens !== undefined) return { tokens: this.#tokens, isEstimate: false };
    return { tokens: this.#isStream ? this.#events : Math.ceil(this.#bytes / 4), isEstimate: true };
  }

  #hold(bytes: Buffer): void {
    this.#isTooLong ||= this.#heldBytes + bytes.length > maxHeldBytes;
    if (this.#isTooLong) return;
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
  }

  #takeHeld(): string | undefined {
    const text = this.#isTooLong ? undefined : Buffer.concat(this.#held).toString('utf8');
    this.#held = [];
    this.#heldBytes = 0;
    this.#isTooLong = false;
    return text;
  }

  #readLine(line: string | undefined): void {
    if (line === undefined || !line.startsWith('data:')) return;
    this.#events++;
    if (line.includes('"usage"')) this.#readJson(line.slice('data:'.length));
  }

  #readJson(text: string): void {
    const usage = usageOf(parse(text));
    // Anthropic's stream tells input first and output later, each time as a running total: the largest is the last.
    if (usage !== undefined) this.#tokens = Math.max(this.#tokens ?? 0, usage);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not ours to judge: the answer has gone on as it came.
    return undefined;
  }
}

interface UsageFields {
  readonly total_tokens?: unknown;
  readonly prompt_tokens?: unknown;
  readonly completion_tokens?: unknown;
  readonly input_tokens?: unknown;
  readonly output_tokens?: unknown;
}

function usageOf(value: unknown): number | undefined {
  const holder = value as { usage?: unknown; response?: { usage?: unknown }; message?: { usage?: unknown } } | null;
  const usage = (holder?.usage ?? holder?.response?.usage ?? holder?.message?.usage) as UsageFields | null | undefined;
  if (usage === undefined || usage === null) return undefined;
  const total = count(usage.total_tokens);
  return total > 0
    ? total
    : [usage.prompt_tokens, usage.completion_tokens, usage.input_tokens, usage.output_tokens]
        .map(count)
        .reduce((sum, tokens) => sum + tokens, 0);
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
