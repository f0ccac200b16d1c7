import { displaySafe } from '../../engine/canonical/display.ts';
import { wrapText } from './wrap-text.ts';

/** A label and what it says; an empty value leaves the line out, a list stands one below the other. */
export type Field = readonly [label: string, value: string | readonly string[] | undefined];

const width = 80;

/** `Label:  value`, values below each other, wrapped to 80 columns; safe for a terminal. */
export function formatFields(fields: readonly Field[], indent = ''): string[] {
  const shown = fields.flatMap(([label, value]) => {
    const values = (typeof value === 'string' ? [value] : (value ?? [])).filter(one => one !== '');
    return values.length === 0 ? [] : [{ label, values }];
  });
  const labelWidth = Math.max(0, ...shown.map(({ label }) => label.length + 1));
  return shown.flatMap(({ label, values }) => {
    const lines = values.flatMap(value =>
      wrapText(displaySafe(value), Math.max(30, width - indent.length - labelWidth - 2)),
    );
    return lines.map((line, at) => `${indent}${(at === 0 ? `${label}:` : '').padEnd(labelWidth)}  ${line}`);
  });
}
