import { expect, test } from 'vitest';
import { denyText, wantsText } from './deny-text.ts';
import { headerField } from './header-fields.ts';

test.each([
  ['text/plain', true],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
  ['*/*', false],
  ['application/json, text/plain, */*', false],
  ['application/vnd.github+json, text/html', false],
  ['', false],
])('Accept: %s', (accept, expected) => expect(wantsText([headerField('Accept', accept)])).toBe(expected));

test('says what happened, what to do and which request it is', () => {
  const body = { error: 'Denied', detail: 'A person has refused this: no', host: 'h', port: 443 };
  expect(denyText(body)).toBe('Denied: A person has refused this: no\n');
  expect(denyText({ ...body, next: 'Do something else.', approval: 'apr-1' })).toBe(
    'Denied: A person has refused this: no\nDo something else.\nRequest: apr-1\n',
  );
});
