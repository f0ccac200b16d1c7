// One line of text that a person types: no control or invisible character gets in, as the API's own free text allows none.
import type { KeyPress } from './key-press.ts';

export interface TextField {
  readonly text: string;
  /** The cursor, in UTF-16 units of the text, never inside a character. */
  readonly at: number;
}

const notText = /[\p{C}\p{Zl}\p{Zp}]/gu;
/** The API's bound for reasons, in the UTF-16 units that JavaScript counts and never fewer than the API server does. */
const maxTextLength = 512;

const edits: Readonly<Record<string, (field: TextField) => TextField>> = {
  backspace: ({ text, at }) => {
    const from = at - lengthBefore(text, at);
    return { text: text.slice(0, from) + text.slice(at), at: from };
  },
  left: ({ text, at }) => ({ text, at: at - lengthBefore(text, at) }),
  right: ({ text, at }) => ({ text, at: at + lengthAfter(text, at) }),
  home: ({ text }) => ({ text, at: 0 }),
  end: ({ text }) => ({ text, at: text.length }),
  clear: () => ({ text: '', at: 0 }),
};

/** Undefined where the key means nothing to a text. */
export function editText(field: TextField, key: KeyPress): TextField | undefined {
  return key.name === 'char' || key.name === 'burst' ? insertText(field, key.text) : edits[key.name]?.(field);
}

/** A line's end in what was pasted is a space: it never is an Enter. */
export function insertText({ text, at }: TextField, inserted: string): TextField {
  const clean = inserted.replace(/[\r\n\t]+/g, ' ').replace(notText, '');
  const room = Array.from(clean).reduce(
    (kept, char) => (text.length + kept.length + char.length > maxTextLength ? kept : kept + char),
    '',
  );
  return { text: text.slice(0, at) + room + text.slice(at), at: at + room.length };
}

const graphemes = new Intl.Segmenter();

function lengthBefore(text: string, at: number): number {
  return [...graphemes.segment(text.slice(0, at))].at(-1)?.segment.length ?? 0;
}

function lengthAfter(text: string, at: number): number {
  return [...graphemes.segment(text.slice(at))].at(0)?.segment.length ?? 0;
}
