// An upstream that echoes what it was asked would hand a rule's credential to the agent. Stars of the same length take its
// place, in each form that `secretForms` knows, also when it comes in pieces.
import { type HeaderField, listOf } from './header-fields.ts';
import { secretForms } from './secret-forms.ts';

/** An end of so many bytes that may begin the credential waits for the next piece; a shorter one goes on, so that no stream stalls. */
const minHeldBytes = 4;

export class CredentialRedactor {
  readonly #forms: readonly Buffer[];
  readonly #maxLength: number;
  /** The last bytes as they came; as many as `#held` has, with stars, have not gone on. */
  #tail: Buffer = Buffer.alloc(0);
  #held: Buffer = Buffer.alloc(0);

  private constructor(forms: readonly string[]) {
    this.#forms = forms.map(form => Buffer.from(form, 'latin1'));
    this.#maxLength = Math.max(0, ...forms.map(({ length }) => length));
  }

  /** Undefined where the request carried no credential: the answer goes on as it is. */
  static for(setFields: readonly HeaderField[]): CredentialRedactor | undefined {
    const forms = secretForms(setFields);
    return forms.length === 0 ? undefined : new CredentialRedactor(forms);
  }

  /** The bytes that may go on now; never more or fewer in all than came. */
  push(chunk: Buffer): Buffer {
    const sent = this.#tail.length - this.#held.length;
    const bytes = Buffer.concat([this.#tail, chunk]);
    const masked = this.#mask(bytes, sent);
    const partial = Math.max(...this.#forms.map(form => partialLength(bytes, form)));
    const held = Math.min(partial, bytes.length - sent);
    this.#held = masked.subarray(bytes.length - held);
    // Twice: what is held may be the end of a form that began before it.
    this.#tail = Buffer.from(bytes.subarray(-2 * this.#maxLength));
    return masked.subarray(sent, bytes.length - held);
  }

  /** What was held back, once nothing follows; undefined: nothing. */
  end(): Buffer | undefined {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    return rest.length === 0 ? undefined : rest;
  }

  /** Of a text on its own: a field's value, a reason phrase. */
  text(text: string): string {
    return this.whole(Buffer.from(text, 'latin1')).toString('latin1');
  }

  fields(fields: readonly HeaderField[]): readonly HeaderField[] {
    return fields.map(field => ({ ...field, value: this.text(field.value) }));
  }

  /** Of bytes on their own, as a copy; where one form runs into another, over both. */
  whole(bytes: Buffer): Buffer {
    return this.#mask(bytes, 0);
  }

  /** What ends before `from` has gone on already. */
  #mask(bytes: Buffer, from: number): Buffer {
    const masked = Buffer.from(bytes);
    for (const form of this.#forms) {
      let covered = 0;
      const first = Math.max(0, from - form.length + 1);
      for (let at = bytes.indexOf(form, first); at >= 0; at = bytes.indexOf(form, at + 1)) {
        masked.fill('*', Math.max(at, covered), at + form.length);
        covered = at + form.length;
      }
    }
    return masked;
  }
}

/** Whether the body is in a coding (gzip, br) that keeps a credential in it from being seen. */
export function isEncoded(fields: readonly HeaderField[]): boolean {
  return listOf(fields, 'content-encoding').some(coding => coding !== '' && coding !== 'identity');
}

/** Length of the longest end of `bytes` that begins the form, where it is long enough to wait for. */
function partialLength(bytes: Buffer, form: Buffer): number {
  const beginning = form.subarray(0, minHeldBytes);
  const first = Math.max(0, bytes.length - form.length + 1);
  for (let at = bytes.indexOf(beginning, first); at >= 0; at = bytes.indexOf(beginning, at + 1))
    if (bytes.compare(form, 0, bytes.length - at, at) === 0) return bytes.length - at;
  return 0;
}
