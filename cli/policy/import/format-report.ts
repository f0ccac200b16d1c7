import { displaySafe } from '../../../engine/canonical/display.ts';
import { wrapText } from '../../output/wrap-text.ts';
import type { Finding, FindingKind } from './finding.ts';

const titles: readonly (readonly [FindingKind, string])[] = [
  ['Refused', 'refused (errors: nothing is imported)'],
  ['Unsupported', 'unsupported (left out)'],
  ['Inert', 'inert (without effect there, and here)'],
  ['Differs', 'differs (imported, but read this)'],
];

/** For stderr: by kind, each with its line and path. The file is named once, so that lines stay short. */
export function formatReport(findings: readonly Finding[], file: string): string {
  const parts = titles.flatMap(([kind, title]) => {
    const of = findings.filter(finding => finding.kind === kind);
    if (of.length === 0) return [];
    return [`${title}: ${of.length}`, ...of.flatMap(entry)];
  });
  return parts.length === 0 ? '' : [`${displaySafe(file)}:`, ...parts].join('\n');
}

function entry({ path, line, message }: Finding): string[] {
  return [`  line ${line} ${displaySafe(path)}`, ...wrapText(displaySafe(message), 74).map(text => `      ${text}`)];
}
