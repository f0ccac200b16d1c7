import { displaySafe } from '../../../engine/canonical/display.ts';
import { wrapText } from '../../output/wrap-text.ts';
import type { Finding, FindingKind } from './finding.ts';

const titles: readonly (readonly [FindingKind, string])[] = [
  ['Refused', 'refused (errors: nothing is imported)'],
  ['Unsupported', 'unsupported (left out)'],
  ['Inert', 'inert (without effect there, and here)'],
  ['Differs', 'differs (imported, but read this)'],
];

/** For stderr: by kind, each with its line and path. */
export function formatReport(findings: readonly Finding[], file: string): string {
  const parts = titles.flatMap(([kind, title]) => {
    const of = findings.filter(finding => finding.kind === kind);
    if (of.length === 0) return [];
    return [`${title}: ${of.length}`, ...of.flatMap(finding => entry(finding, file))];
  });
  return parts.join('\n');
}

function entry({ path, line, message }: Finding, file: string): string[] {
  return [
    `  ${displaySafe(`${file}:${line} ${path}`)}`,
    ...wrapText(displaySafe(message), 74).map(text => `      ${text}`),
  ];
}
