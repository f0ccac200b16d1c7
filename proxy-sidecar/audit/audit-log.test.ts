import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createAuditLog } from './audit-log.ts';

const record = { decision: 'Deny', reason: 'NotListed', host: 'a.test', port: 443 } as const;

function log(options: { blocked?: boolean } = {}) {
  const clock = { nowMs: 0 };
  const lines: Record<string, unknown>[] = [];
  const out = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      if (options.blocked !== true) done();
    },
  });
  return { clock, lines, out, audit: createAuditLog(out, () => clock.nowMs) };
}

test('R13 ten thousand denials in a second are at most twenty lines, and the rest is counted exactly', () => {
  const { clock, lines, audit } = log();
  for (let count = 0; count < 10_000; count++) audit.record(record);
  expect(lines).toHaveLength(20);
  expect(audit.dropped).toBe(9980);
  clock.nowMs += 1000;
  audit.record(record);
  expect(lines.slice(-2)).toMatchObject([{ msg: 'audit lines dropped', count: 9980 }, { host: 'a.test' }]);
});

test('a flood of refusals hides nothing that was let out; both together are at most fifty lines', () => {
  const { lines, audit } = log();
  for (let count = 0; count < 10_000; count++) audit.record(record);
  for (let count = 0; count < 10_000; count++) audit.record({ ...record, decision: 'Ask' });
  for (let count = 0; count < 100; count++) audit.record({ ...record, decision: 'Allow', host: `out${count}.test` });
  const allowed = lines.filter(({ decision }) => decision === 'Allow').map(({ host }) => host);
  expect(allowed).toEqual(Array.from({ length: 30 }, (_, count) => `out${count}.test`));
  expect(lines.filter(({ decision }) => decision !== undefined)).toHaveLength(50);
  expect(audit.dropped).toBe(20_100 - 50);
});

test('a pipe that nobody reads costs lines and not memory', () => {
  const { clock, out, audit } = log({ blocked: true });
  for (let second = 0; second < 200; second++) {
    clock.nowMs += 1000;
    for (let count = 0; count < 50; count++) audit.record(record);
  }
  expect(out.writableLength).toBeLessThan(300 * 1024);
  expect(audit.dropped).toBeGreaterThan(0);
});

test('a broken pipe ends nothing', async () => {
  const { out, audit } = log();
  out.destroy(new Error('EPIPE'));
  await new Promise(resolve => out.once('close', resolve));
  expect(() => audit.record(record)).not.toThrow();
});
