import { expect, test } from 'vitest';
import { judgeCanaries } from './judge-canaries.ts';

const canaries = { address: '10.0.0.9', controlPort: 8443, forbiddenPort: 8444 };

test.each([
  { control: true, forbidden: false, round: 0, enforced: 'True' },
  { control: true, forbidden: true, round: 0, enforced: 'Unknown' },
  { control: true, forbidden: true, round: 4, enforced: 'Unknown' },
  { control: true, forbidden: true, round: 5, enforced: 'False' },
  { control: false, forbidden: true, round: 9, enforced: 'False' },
  { control: false, forbidden: false, round: 0, enforced: 'Unknown' },
  { control: false, forbidden: false, round: 9, enforced: 'Unknown' },
])(
  'control reached: $control, forbidden reached: $forbidden, in round $round: $enforced',
  ({ enforced, round, ...reached }) => {
    expect(judgeCanaries(reached, round, canaries).enforced).toBe(enforced);
  },
);

test('each verdict names the port it is about', () => {
  expect(judgeCanaries({ control: true, forbidden: true }, 9, canaries).message).toContain('8444');
  expect(judgeCanaries({ control: false, forbidden: false }, 9, canaries).message).toContain('8443 at 10.0.0.9');
});
