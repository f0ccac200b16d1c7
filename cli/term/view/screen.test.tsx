import { join } from 'node:path';
import { renderToString } from 'ink';
import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { hostileTexts } from '../testing/hostile-texts.ts';
import { type Bench, bench, sampleRequest, sampleSandbox } from '../testing/samples.ts';
import { Screen } from './screen.tsx';

const screens = join(import.meta.dirname, '..', 'testing', 'screens');
const utf8 = { hasColor: false, isAscii: false };

function draw(at: Bench, theme = utf8): string {
  return renderToString(<Screen state={at.state()} theme={theme} />, { columns: at.state().size.columns });
}

function office(size: { columns: number; rows: number }): Bench {
  const at = bench(size);
  const objects = [
    sampleSandbox('my-assistant', { pending: 4 }),
    sampleSandbox('researcher', { pending: 1, policy: { revision: '1.18', enforcedRevision: '1.17' } }),
    sampleSandbox('trainer', { phase: 'AwaitingApproval', pending: 1 }),
    sampleSandbox('mailer', { phase: 'Suspended' }),
  ];
  at.send({ type: 'Sandboxes', change: { type: 'Replace', objects } });
  at.put(
    sampleRequest('a', { host: 'api.github.com', binary: '/usr/bin/git', ageMs: 300_000 }),
    sampleRequest('b', {
      host: 'api.github.com',
      ageMs: 20_000,
      reason: 'RequestNotAllowed',
      status: { samples: ['POST /graphql'] },
    }),
    sampleRequest('c', { host: 'api.github.com.evil.example', port: 8443, binary: '/tmp/.x/curl', ageMs: 60_000 }),
    sampleRequest('d', { host: 'paste.ee', binary: '/usr/bin/python3.13', sandbox: 'researcher', ageMs: 90_000 }),
    sampleRequest('e', { gpu: { resource: 'nvidia.com/gpu', count: 2 }, sandbox: 'trainer', ageMs: 4_000_000 }),
    sampleRequest('f', {
      host: 'artifacts.example.org',
      ageMs: 5_000_000,
      decision: { verdict: 'Approve', for: '1h', scope: 'Binary', by: 'alice@example.org' },
      status: { phase: 'Enforced', enforcedInMs: 7, expiresAt: '2026-11-27T10:18:00Z' },
    }),
  );
  return at;
}

const sizes = [
  { columns: 80, rows: 24 },
  { columns: 200, rows: 50 },
];

describe.each(sizes)('at $columns×$rows', size => {
  test.each<[string, readonly string[]]>([
    ['requests', ['down']],
    ['approve', ['down', 'a']],
    ['approve-group', ['g', 'A']],
    ['deny', ['d', 'n', 'o', ' ', '日']],
    ['sandbox', ['backTab', 'G']],
    ['granted', ['G']],
    ['filter', ['/', 'g', 'i', 't']],
    ['help', ['?']],
  ])('%s', async (name, keys) => {
    const at = office(size);
    at.press(...keys);
    await expect(`${draw(at)}\n`).toMatchFileSnapshot(join(screens, `${name}.${size.columns}x${size.rows}.golden.txt`));
  });
});

test('a terminal without UTF-8 gets ASCII', async () => {
  const at = office({ columns: 80, rows: 24 });
  const drawn = draw(at, { hasColor: false, isAscii: true });
  expect(drawn).toMatch(/^[ -~\n]*$/);
  await expect(`${drawn}\n`).toMatchFileSnapshot(join(screens, 'ascii.80x24.golden.txt'));
});

test.each([
  [60, 15],
  [80, 24],
  [139, 30],
  [140, 30],
  [200, 50],
])('at %d×%d every line is on the screen and none is too wide, whatever is in the objects', (columns, rows) => {
  const at = bench({ columns, rows });
  const objects = hostileTexts.map((text, index) => ({
    ...sampleSandbox(`s${index}`),
    metadata: { ...sampleSandbox(`s${index}`).metadata, name: text },
  }));
  at.send({ type: 'Sandboxes', change: { type: 'Replace', objects } });
  hostileTexts.forEach((text, index) => {
    at.put(
      sampleRequest(`r${index}`, {
        host: text,
        binary: text,
        sandbox: text,
        status: { samples: [text], history: [{ at: text, phase: 'Pending', message: text }] },
      }),
    );
  });
  const dialogs = [[], ['a'], ['A'], ['d', '日', '本'], ['?'], ['tab'], ['backTab']];
  for (const keys of dialogs) {
    at.press('escape', ...keys);
    for (let step = 0; step < 2; step++) {
      const lines = draw(at).split('\n');
      expect(lines).toHaveLength(rows);
      for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
      // oxlint-disable-next-line no-control-regex -- that is what must not be there
      expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/);
      at.press('down');
    }
  }
});

test('too small says how large it has to be', () => {
  expect(draw(bench({ columns: 40, rows: 10 }))).toContain('too small: 40x10, needs 60x15');
});

test('no connection is said with the age of what is shown', () => {
  const at = office({ columns: 80, rows: 24 });
  const link = {
    state: 'Lost',
    heardMs: at.state().links.requests.heardMs,
    message: 'cannot reach the API server',
  } as const;
  at.pass(42_000);
  at.send({ type: 'Link', kind: 'requests', link });
  const [head, ...rest] = draw(at).split('\n');
  expect(head).toContain('OFFLINE, retrying; data is 42s old');
  expect(rest.at(-2)).toContain('cannot reach the API server');
});
