import { Document, Scalar, visit } from 'yaml';
import { escapeInvisible, holdsInvisible } from './escape-invisible.ts';

export type DocumentFormat = 'yaml' | 'json';

/** Objects as `kubectl apply --filename=-` takes them: a YAML stream, or one JSON object (a List where there are more). */
export function formatDocuments(documents: readonly object[], format: DocumentFormat): string {
  if (format === 'yaml') return documents.map(formatYaml).join('---\n').trimEnd();
  const [only] = documents;
  return formatJson(documents.length === 1 ? only : { apiVersion: 'v1', kind: 'List', items: documents });
}

/** Indented JSON without a character that could drive a terminal. */
export function formatJson(value: unknown): string {
  return escapeInvisible(JSON.stringify(value, null, 2));
}

/** One line of it. */
export function formatJsonLine(value: unknown): string {
  return escapeInvisible(JSON.stringify(value));
}

/** Read by YAML 1.1 as Kubernetes does: what 1.1 would take for something else is quoted. */
export function formatYaml(value: object): string {
  const document = new Document(value, { version: '1.1', aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_key, node) {
      // Only double quotes have escapes, and only on one line every line end is ours.
      if (typeof node.value === 'string' && needsQuotes(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return escapeYaml(document.toString({ lineWidth: 110, directives: false }));
}

/** Blocks of lines lose blanks at their edges. */
function needsQuotes(text: string): boolean {
  return holdsInvisible(text) || (text.includes('\n') && /(^|\n)[ \n]|[ ](\n|$)/.test(text));
}

/** YAML 1.1 reads `\uD83D\uDE00` as two characters: beyond the basic plane its own long escape is needed. */
function escapeYaml(text: string): string {
  return text
    .replace(/[\u{10000}-\u{10ffff}]/gu, char =>
      holdsInvisible(char) ? `\\U${(char.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}` : char,
    )
    .split('\n')
    .map(escapeInvisible)
    .join('\n');
}
