import { describe, expect, test } from 'vitest';
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { sampleRequest } from '../testing/sample-sandbox.ts';
import { buildDigest } from './build-digest.ts';
import { formatMessage } from './format-message.ts';
import { mutedUntilMs } from './mute.ts';
import { type NotifierVariables, readNotifierSettings } from './notifier-settings.ts';

interface Block {
  readonly type: string;
  readonly text: { readonly type: string; readonly text: string; readonly verbatim: boolean };
}
const slack = (requests: readonly ApprovalRequest[]) =>
  formatMessage(buildDigest(requests), 'Slack') as { text: string; blocks: readonly Block[] };
const many = (count: number, host: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => {
    const made = sampleRequest({ egress: { host: host(index), port: 443, reason: 'NotListed' } });
    return { ...made, metadata: { ...made.metadata, name: `apr-${index}`, uid: `u${index}` } };
  });

describe('A14 what an agent chose', () => {
  const binary = { path: '/tmp/`<!here>`&', sha256: 'a'.repeat(64) };
  const hostile = sampleRequest(
    { egress: { host: 'paste.example', port: 443, reason: 'NotListed', binary } },
    { samples: [`GET /<!channel>\u202e\u001b[2J *PRE-APPROVED BY SECURITY* https://evil.example/${'x'.repeat(900)}`] },
  );

  test('is quoted in Slack: no mention, no link, no markup, bounded', () => {
    const [, group] = slack([hostile]).blocks;
    const text = group?.text.text ?? '';
    for (const danger of ['<!', '\u202e', '\u001b']) expect(text).not.toContain(danger);
    expect(text).toContain("the agent's words: `GET /&lt;!channel&gt;\\u{202e}\\u{1b}[2J *PRE-APPROVED");
    expect(text).toContain('by `/tmp/ˋ&lt;!here&gt;ˋ&amp;`');
    // Every backtick is one of ours: code opens and closes.
    expect((text.match(/`/g) ?? []).length % 2).toBe(0);
    expect(text.length).toBeLessThan(1_000);
    expect(group?.text.verbatim).toBe(true);
  });

  test('is bounded and without control characters in JSON', () => {
    const [group] = buildDigest([hostile]).groups;
    expect(group?.requests[0]?.sample).toHaveLength(200);
    for (const danger of ['\u202e', '\\u001b']) expect(JSON.stringify(group)).not.toContain(danger);
  });
});

describe('a flood is one short message', () => {
  test.each([
    ['of one host', many(500, () => 'one.example')],
    ['of many hosts', many(500, index => `h${index}.example`)],
    ['of long names', many(500, index => `${`${'l'.repeat(60)}.`.repeat(3)}h${index}.example`)],
  ])('%s', (_what, requests) => {
    const { text, blocks } = slack(requests);
    expect(text).toBe('500 requests wait for a decision');
    expect(blocks.length).toBeLessThanOrEqual(50);
    expect(Math.max(...blocks.map(block => block.text.text.length))).toBeLessThanOrEqual(3_000);
    const digest = buildDigest(requests);
    const said = digest.groups.reduce((sum, group) => sum + group.requests.length + group.more, digest.more);
    expect(said).toBe(500);
  });
});

test('a GPU is told of as one', () => {
  const gpu = { resource: 'nvidia.com/gpu', count: 2 };
  const { egress: _egress, ...spec } = sampleRequest().spec;
  const request = { ...sampleRequest(), spec: { ...spec, type: 'GPU', gpu } } as ApprovalRequest;
  const text = slack([request]).blocks[1]?.text.text;
  expect(text).toContain('asks for a GPU: `nvidia.com/gpu`\n• 2 of it');
  expect(text).toContain('`kubectl creel approve -n team-a apr/apr-sample --for 8h`');
});

test.each<[string | undefined, number]>([
  [undefined, 0],
  ['true', Number.POSITIVE_INFINITY],
  ['2026-01-01T00:00:00Z', Date.UTC(2026, 0, 1)],
  ['yes', 0],
  ['5', 0],
])('muted by %s', (value, expected) => {
  expect(mutedUntilMs(value === undefined ? undefined : { 'creel.dev/mute-notifications': value })).toBe(expected);
});

const read = (url: string | undefined, more: Partial<NotifierVariables> = {}) =>
  readNotifierSettings({ url, format: 'JSON', digestSeconds: 30, allowPlainHttp: false, ...more });

describe('settings', () => {
  test('without a URL nobody is told', () => expect([read(undefined), read(' ')]).toEqual([undefined, undefined]));
  test('the URL as the Secret has it, with its newline', () => {
    expect(read('https://hooks.example/T0/B0\n')).toMatchObject({
      url: new URL('https://hooks.example/T0/B0'),
      digestMs: 30_000,
    });
  });
  test.each([
    ['no URL', 'hooks.example/s3cret', {}, /is none; write https/],
    ['another protocol', 'file:///etc/s3cret', {}, /is none; write https/],
    ['plain HTTP', 'http://hooks.example/s3cret', {}, /notifier\.allowPlainHttp/],
    ['a password', 'https://user:s3cret@hooks.example/', {}, /user name or password/],
  ])('%s is refused by its Helm value, and not shown', (_what, url, more, message) => {
    const attempt = () => read(url, more);
    expect(attempt).toThrow(message);
    expect(attempt).not.toThrow(/s3cret/);
  });
  test('plain HTTP where the administrator says so', () => {
    expect(read('http://alerts.monitoring/', { allowPlainHttp: true })).toBeDefined();
  });
});
