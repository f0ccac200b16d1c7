import { displaySafe } from '../../engine/canonical/display.ts';
import { describeQuestion } from '../../engine/decide/describe-evaluation.ts';
import { formatTable } from '../output/format-table.ts';
import { wrapText } from '../output/wrap-text.ts';
import type { Explanation } from './explain.ts';

/** At most 80 columns, but for rule names that are longer. */
export function formatExplanation({ question, evaluation, rules, warnings, next }: Explanation): string {
  const { verdict, reason, id, mode, protocol } = evaluation;
  const how = [reason, mode === 'Audit' ? 'Audit' : undefined, verdict === 'Allow' ? protocol : undefined];
  const details = how.filter(part => part !== undefined).join(', ');
  const lines = [
    displaySafe(describeQuestion(question)),
    `  ${verdict}${details === '' ? '' : ` (${details})`}${id === undefined ? '' : `, decided by ${id}`}`,
    '',
    rules.length === 0 ? 'no rule and no approval speaks of this host' : table(rules),
    ...block('warnings', warnings),
    ...(next.length === 0 ? [] : ['', 'to change it:', ...next.map(command => `  ${command}`)]),
  ];
  return lines.join('\n');
}

function table(rules: Explanation['rules']): string {
  const width = Math.max(30, 77 - Math.max(...rules.map(({ id }) => id.length)));
  return formatTable(
    ['RULE', 'SAYS'],
    rules.flatMap(({ id, says }) => wrapText(says, width).map((line, at) => [at === 0 ? id : '', line])),
  );
}

function block(title: string, texts: readonly string[]): string[] {
  if (texts.length === 0) return [];
  return [
    '',
    `${title}:`,
    ...texts.flatMap(text => wrapText(displaySafe(text), 76).map((line, at) => `${at === 0 ? '- ' : '  '}${line}`)),
  ];
}
