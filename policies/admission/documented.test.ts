import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const text = readFileSync(join(import.meta.dirname, '../../docs/admission-policies.md'), 'utf8');
const policies = readdirSync(import.meta.dirname).filter(name => /^[^.]+\.yaml$/.test(name));

test('every policy is in the table of what guards what, and nothing else is', () => {
  const rows = text.split('\n').filter(line => line.startsWith('| `') && line.split('|').length === 5);
  const named = rows.flatMap(row => [...(row.split('|')[1] ?? '').matchAll(/`([a-z-]+)`/g)].map(match => match[1]));
  const known = policies.map(name => name.slice(0, -'.yaml'.length));
  // Tables of other things on the page name no policy.
  const others = ['placement', 'images', 'isolation'];
  expect(new Set(named.filter(name => !others.includes(name ?? '')))).toEqual(new Set(known));
});
