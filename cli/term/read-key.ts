import type { Key } from 'ink';
import type { KeyPress } from './state/key-press.ts';

/** Ink's key into ours; undefined for keys that mean nothing here. */
export function readKey(input: string, key: Key): KeyPress | undefined {
  if (key.ctrl) return controls[input];
  if (key.return) return { name: 'enter' };
  if (key.escape) return { name: 'escape' };
  if (key.tab) return { name: key.shift ? 'backTab' : 'tab' };
  if (key.backspace || key.delete) return { name: 'backspace' };
  if (key.upArrow) return { name: 'up' };
  if (key.downArrow) return { name: 'down' };
  if (key.leftArrow) return { name: 'left' };
  if (key.rightArrow) return { name: 'right' };
  if (key.pageUp) return { name: 'pageUp' };
  if (key.pageDown) return { name: 'pageDown' };
  if (key.home) return { name: 'home' };
  if (key.end) return { name: 'end' };
  if (key.meta || input === '') return undefined;
  return { name: Array.from(input).length === 1 ? 'char' : 'burst', text: input };
}

const controls: Readonly<Record<string, KeyPress>> = {
  c: { name: 'interrupt' },
  u: { name: 'clear' },
  a: { name: 'home' },
  e: { name: 'end' },
  f: { name: 'pageDown' },
  b: { name: 'pageUp' },
  n: { name: 'down' },
  p: { name: 'up' },
};
