import { expect, test } from 'vitest';
import { formatTable } from './format-table.ts';

test('columns are padded to their widest cell, and no line ends in blanks', () => {
  const table = formatTable(
    ['HOST', 'PORT'],
    [
      ['a.example.org', '443'],
      ['b.example', ''],
    ],
  );
  expect(table).toBe('HOST            PORT\na.example.org   443\nb.example');
});

test('what an agent has chosen cannot drive the terminal', () => {
  const table = formatTable(['HOST'], [['evil\u001b[2Jhost\u202e\u200b\r\n']]);
  for (const driver of ['\u001b', '\u202e', '\u200b', '\r']) expect(table).not.toContain(driver);
  expect(table.split('\n')).toHaveLength(2);
});
