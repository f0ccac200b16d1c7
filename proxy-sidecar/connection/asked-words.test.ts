import { expect, test } from 'vitest';
import { askedWords } from './asked-words.ts';

const unanswered = { error: 'NotListed', detail: 'No policy lists it.' };
const untilMs = Date.UTC(2026, 0, 1, 12);

test.each([
  [
    'nobody has decided',
    { approval: 'apr-1' },
    { error: 'NotListed', detail: 'No policy lists it.', approval: 'apr-1' },
  ],
  ['there is no request', { reason: 'AskingIsOff: x' }, { error: 'NotListed', detail: 'AskingIsOff: x' }],
  [
    'refused with a reason',
    { approval: 'apr-1', standing: { verdict: 'Denied', guidance: 'use the mirror', untilMs } },
    {
      error: 'Denied',
      detail: 'A person has refused this: use the mirror',
      next: 'Do something else; nobody is asked about this again before 2026-01-01T12:00:00.000Z.',
      approval: 'apr-1',
    },
  ],
  ['refused without', { standing: { verdict: 'Denied', untilMs } }, { detail: 'A person has refused this.' }],
  [
    'put off',
    { approval: 'apr-1', standing: { verdict: 'Snoozed', untilMs } },
    { error: 'NotListed', next: 'Go on without it, or try again then.', approval: 'apr-1' },
  ],
] as const)('%s', (_what, asked, words) => expect(askedWords(asked, unanswered)).toMatchObject(words));

test('A09 guidance is one bounded line, whatever an operator sends', () => {
  const guidance = `a\r\nX-Evil: 1\u001b[2J\u202e\u200b\u2028${'x'.repeat(5000)}`;
  const { detail } = askedWords({ standing: { verdict: 'Denied', guidance, untilMs } }, unanswered);
  expect(detail).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
  expect(detail.length).toBeLessThan(600);
});
