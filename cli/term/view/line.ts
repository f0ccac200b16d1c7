/** A piece of a line in one style. What it means never hangs on the style alone. */
export interface Span {
  /** Safe for the terminal already (cells.ts). */
  readonly text: string;
  readonly bold?: boolean;
  readonly dim?: boolean;
  readonly inverse?: boolean;
  readonly color?: 'red' | 'green' | 'yellow' | 'cyan';
}

export type Line = readonly Span[];

export function span(text: string, style: Omit<Span, 'text'> = {}): Span {
  return { text, ...style };
}
