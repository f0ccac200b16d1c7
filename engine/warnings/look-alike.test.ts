import { expect, test } from 'vitest';
import { isLookAlike } from './look-alike.ts';

test.each([
  ['api-mirror.example', 'api.mirror.example', true],
  ['api.internal-tools.co', 'api.internal-tools.com', true],
  ['reg1stry.example', 'registry.example', true],
  ['reglstry.example', 'reg1stry.example', true],
  ['rnirror.example', 'mirror.example', true],
  ['mirror.example', 'mirror.example', false],
  ['a.mirror.example', 'b.mirror.example', false],
  ['a.io', 'b.io', false],
  ['files.example.org', 'other.example.net', false],
])('A13 %s beside %s: %s', (host, other, expected) => expect(isLookAlike(host, other)).toBe(expected));
