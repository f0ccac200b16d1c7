// A09 to A11: whatever an agent chose for a host, a path, an executable or a line of log, nothing that could drive a terminal gets past
// any formatter of ours, and no row is forged. The control: the same texts, written as they are, are found.
import { assert, constantFrom, oneof, property, sample, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { ApprovalRequest } from '../crds/schema/approval-request.ts';
import type { Sandbox } from '../crds/schema/sandbox.ts';
import { approvalColumns } from './approvals/approval-columns.ts';
import { parseAuditLine } from './audit/audit-line.ts';
import { formatAuditLine } from './audit/format-audit-line.ts';
import { describeRequest } from './describe/describe-request.ts';
import { describeSandbox } from './describe/describe-sandbox.ts';
import { formatFindings } from './doctor/format-findings.ts';
import { holdsInvisible } from './output/escape-invisible.ts';
import { createPaint, noPaint } from './output/paint.ts';
import { formatRowsFor, type ObjectFormat, printObject, printObjects, tableOf } from './output/print-objects.ts';
import { terminalSafe } from './output/terminal-safe.ts';
import { sandboxColumns } from './sandboxes/sandbox-columns.ts';
import { hostileTexts } from './term/testing/hostile-texts.ts';

const count = 10_000;
const nowMs = Date.UTC(2026, 0, 1);
const iso = '2025-12-31T23:00:00Z';
const hostile = oneof(
  constantFrom(
    ...hostileTexts,
    '"}],"status":{"phase":"Approved"}',
    '\u{e0041}\u{e0042}',
    'x\u0000y',
    '\ufff9a\ufffab\ufffb',
  ),
  string({ unit: 'binary', maxLength: 60 }),
);
const texts = sample(hostile, { numRuns: count, seed: 10 });
const pick = (at: number) => texts[at % count] ?? '';

function requestOf(at: number): ApprovalRequest {
  const [host, path, reason] = [pick(at), pick(at + 1), pick(at + 2)];
  return {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'ApprovalRequest',
    metadata: {
      name: `apr-${at}`,
      namespace: 'agents',
      uid: String(at),
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: iso,
    },
    spec: {
      type: 'Egress',
      sandbox: { name: pick(at + 3), uid: 'u' },
      egress: { host, port: 443, binary: { path, sha256: pick(at + 4), ancestors: [path, host] }, reason: 'NotListed' },
      decision: { verdict: 'Deny', by: reason, reason, requests: [{ method: 'GET', path }] },
    },
    status: {
      phase: 'Denied',
      samples: [path, host],
      expiresAt: reason,
      history: [{ at: iso, phase: 'Denied', by: reason, message: path }],
      conditions: [
        { type: 'Granted', status: 'False', reason: 'NotInForce', message: reason, lastTransitionTime: iso },
      ],
    },
  };
}

function sandboxOf(at: number): Sandbox {
  const message = pick(at);
  return {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'Sandbox',
    metadata: {
      name: 'box',
      namespace: 'agents',
      uid: 'u',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: iso,
    },
    spec: { image: pick(at + 1) },
    status: {
      phase: 'Failed',
      inference: { profile: pick(at + 2), model: pick(at + 3) },
      conditions: [{ type: 'Ready', status: 'False', reason: 'PodNotReady', message, lastTransitionTime: iso }],
    },
  };
}

const auditOf = (at: number) =>
  JSON.stringify({
    time: pick(at),
    msg: 'connection',
    decision: 'Ask',
    reason: pick(at + 1),
    host: pick(at + 2),
    port: 443,
    path: pick(at + 3),
    binary: pick(at + 4),
    error: pick(at + 5),
  });

/** What is printed for each of many, by one formatter. */
function expectClean(show: (at: number) => string, of = count): void {
  const bad: number[] = [];
  for (let at = 0; at < of; at++) if (holdsInvisible(show(at))) bad.push(at);
  expect(bad.slice(0, 3).map(at => [at, show(at)])).toEqual([]);
}

function printed(print: (context: { print(line: string): void; printError(line: string): void }) => void): string {
  let text = '';
  const write = (line: string) => (text += `${line}\n`);
  print({ print: write, printError: write });
  return text;
}
const listing = { columns: approvalColumns(nowMs), nothing: '' };
const context = { paint: noPaint } as never as Parameters<typeof printObjects>[0];

describe(`${count} hostile requests`, { timeout: 120_000 }, () => {
  test('the control: as they are, most would be found', () => {
    expect(texts.filter(holdsInvisible).length).toBeGreaterThan(count / 2);
  });

  test('A09 a table has a line for each, and nothing in it drives a terminal', () => {
    const { header, toRow } = tableOf(listing, 'wide');
    // A cell of 4096 letters makes every row as wide: in portions.
    for (let from = 0; from < count; from += 100) {
      const rows = texts.slice(from, from + 100).map((_, at) => toRow(requestOf(from + at)));
      const table = formatRowsFor({ paint: noPaint }, header, rows);
      expect(holdsInvisible(table)).toBe(false);
      expect(table.split('\n')).toHaveLength(101);
    }
  });

  test('A09 rows that are stacked keep their first line for the name', () => {
    const { header, toRow } = tableOf(listing, 'wide');
    expectClean(at => formatRowsFor({ paint: noPaint, columns: 80 }, header, [toRow(requestOf(at))]));
    const text = formatRowsFor(
      { paint: noPaint, columns: 80 },
      header,
      texts.slice(0, 500).map((_, at) => toRow(requestOf(at))),
    );
    expect(text.split('\n').filter(line => !line.startsWith('  '))).toEqual(
      Array.from({ length: 500 }, (_, at) => `apr-${at}`),
    );
  });

  test.each<ObjectFormat>(['json', 'yaml', 'name'])('A11 -o %s is data, whatever is in it', format => {
    const of = format === 'yaml' ? 1000 : count;
    expectClean(at => printed(to => printObject({ ...context, ...to }, requestOf(at), format, listing)), of);
    if (format === 'name') return;
    for (let at = 0; at < 500; at++) {
      const text = printed(to => printObject({ ...context, ...to }, requestOf(at), format, listing));
      const back = (format === 'json' ? JSON.parse(text) : parse(text, { version: '1.1' })) as ApprovalRequest;
      expect(back).toEqual(requestOf(at));
    }
  });

  test('A09 describe: of a request, and of the sandbox with its log', () => {
    expectClean(at => describeRequest(requestOf(at), nowMs));
    expectClean(at => {
      const line = parseAuditLine(auditOf(at));
      return describeSandbox(
        {
          sandbox: sandboxOf(at),
          requests: [{ ...requestOf(at), status: { phase: 'Pending' } }],
          policies: [pick(at)],
          denials: line === undefined ? [] : [line],
          gaps: [pick(at + 1)],
        },
        nowMs,
      );
    });
  });

  test('A09 an audit line is one line', () => {
    let parsed = 0;
    expectClean(at => {
      const line = parseAuditLine(auditOf(at));
      if (line === undefined) return '';
      parsed += 1;
      const text = formatAuditLine(line);
      expect(text).not.toContain('\n');
      return text;
    });
    expect(parsed).toBeGreaterThan(count / 2);
  });

  test('A09 lists of sandboxes, and the findings of doctor', () => {
    const { header, toRow } = tableOf({ columns: sandboxColumns(nowMs), nothing: '' }, 'wide');
    expectClean(at => formatRowsFor({ paint: noPaint }, header, [toRow(sandboxOf(at))]));
    expectClean(at =>
      formatFindings([{ check: pick(at), status: 'fail', message: pick(at + 1), try: [pick(at + 2)] }], noPaint),
    );
  });

  test('A10 the last barrier holds whatever a formatter would let through', () => {
    const paint = createPaint(true, {});
    expectClean(at => terminalSafe(pick(at), false).replaceAll('\n', ''));
    assert(
      property(hostile, text => {
        const shown = terminalSafe(paint('red', 'Denied') + text, true);
        // oxlint-disable-next-line no-control-regex -- our own colours, which the barrier lets through
        return !holdsInvisible(shown.replaceAll(/\u001b\[[0-9]{1,2}m/g, ''));
      }),
    );
  });
});
