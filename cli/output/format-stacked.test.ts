import { expect, test } from 'vitest';
import { formatStacked } from './format-stacked.ts';

test('each row becomes lines that fit, with titles and without empty cells', () => {
  const text = formatStacked(['NAME', 'HOST', 'PORT', 'BY'], [['apr-1', 'a-rather-long.example.org', '443', '']], 40);
  expect(text).toBe('apr-1\n  host a-rather-long.example.org\n  port 443');
});

test('a host is never cut, whatever the width', () => {
  const host = `${'a'.repeat(60)}.example.org`;
  expect(formatStacked(['NAME', 'HOST'], [['apr-1', host]], 20)).toContain(host);
});
