import { stringify } from 'yaml';

export type DocumentFormat = 'yaml' | 'json';

/** Objects as `kubectl apply --filename=-` takes them: a YAML stream, or one JSON object (a List where there are more). */
export function formatDocuments(documents: readonly object[], format: DocumentFormat): string {
  if (format === 'yaml')
    return documents
      .map(document => stringify(document, { lineWidth: 110, aliasDuplicateObjects: false }))
      .join('---\n')
      .trimEnd();
  const [only] = documents;
  return JSON.stringify(documents.length === 1 ? only : { apiVersion: 'v1', kind: 'List', items: documents }, null, 2);
}
