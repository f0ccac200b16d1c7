import { expect, test } from 'vitest';
import { terminalSafe } from './terminal-safe.ts';

test('lines stay, whatever else could move the cursor is written out', () => {
  expect(terminalSafe('a\nb\r\u001b[2Jc\u202e\t', false)).toBe('a\nb\\u{d}\\u{1b}[2Jc\\u{202e}\\u{9}');
});

test('our own colours pass where there are some, no other sequence does', () => {
  expect(terminalSafe('\u001b[31mDeny\u001b[39m \u001b[2K', true)).toBe('\u001b[31mDeny\u001b[39m \\u{1b}[2K');
  expect(terminalSafe('\u001b[31mDeny\u001b[39m', false)).toBe('\\u{1b}[31mDeny\\u{1b}[39m');
});
