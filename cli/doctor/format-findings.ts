import { displaySafe } from '../../engine/canonical/display.ts';
import { type Paint, paintWord } from '../output/paint.ts';
import { wrapText } from '../output/wrap-text.ts';
import type { Finding } from './finding.ts';

const width = 80;

/** A line for each, wrapped to 80 columns, with what to type below it, and the count at the end. */
export function formatFindings(findings: readonly Finding[], paint: Paint): string {
  const checkWidth = Math.max(...findings.map(({ check }) => check.length));
  const indent = ' '.repeat(4 + 2 + checkWidth + 2);
  const lines = findings.flatMap(({ check, status, message, try: commands = [] }) => {
    const [first = '', ...more] = wrapText(displaySafe(message), Math.max(30, width - indent.length));
    return [
      `${paintWord(paint, status, status.padEnd(4))}  ${displaySafe(check).padEnd(checkWidth)}  ${first}`,
      ...more.map(line => indent + line),
      ...commands.map(command => `      try: ${displaySafe(command)}`),
    ];
  });
  const count = (status: Finding['status']) => findings.filter(finding => finding.status === status).length;
  return [...lines, '', `${count('ok')} ok, ${count('warn')} warnings, ${count('fail')} failures`].join('\n');
}
