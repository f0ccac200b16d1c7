// `-o json|yaml|name|wide` and the table without, the same for every kind.
import { Option } from 'commander';
import { group } from '../../crds/schema/group.ts';
import type { CommandContext } from '../commands/command-context.ts';
import { formatDocuments, formatJson, formatYaml } from './format-documents.ts';
import { formatStacked } from './format-stacked.ts';
import { formatTable, tableWidths } from './format-table.ts';

const objectFormats = ['wide', 'name', 'json', 'yaml'] as const;
export type ObjectFormat = (typeof objectFormats)[number];

export function outputOption(): Option {
  return new Option('-o, --output <format>', 'instead of the table').choices(objectFormats);
}

interface KubeObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

export interface Column<T> {
  readonly title: string;
  readonly cell: (object: T) => string;
  /** Only with `-o wide`. */
  readonly isWide?: true;
}

export interface Listing<T> {
  readonly columns: readonly Column<T>[];
  /** Said on stderr where there is nothing. */
  readonly nothing: string;
  /** A namespace column in front, for `-A`. */
  readonly withNamespace?: boolean;
}

/** A list of objects as asked for. */
export function printObjects<T extends KubeObject>(
  context: CommandContext,
  objects: readonly T[],
  format: ObjectFormat | undefined,
  listing: Listing<T>,
): void {
  const shown = objects.map(withoutManagedFields);
  if (format === 'json') context.print(formatJson({ apiVersion: 'v1', kind: 'List', items: shown }));
  else if (format === 'yaml') context.print(formatYaml({ apiVersion: 'v1', kind: 'List', items: shown }));
  else if (objects.length === 0) context.printError(listing.nothing);
  else if (format === 'name') context.print(objects.map(qualifiedName).join('\n'));
  else {
    const { header, toRow } = tableOf(listing, format);
    context.print(formatRowsFor(context, header, objects.map(toRow)));
  }
}

/** One object: JSON and YAML as `kubectl get NAME` prints it. */
export function printObject<T extends KubeObject>(
  context: CommandContext,
  object: T,
  format: ObjectFormat | undefined,
  listing: Listing<T>,
): void {
  if (format === 'json' || format === 'yaml') context.print(formatDocuments([withoutManagedFields(object)], format));
  else printObjects(context, [object], format, listing);
}

/** A table, or where the terminal is too narrow for it the same rows stacked. */
export function formatRowsFor(
  { paint, columns }: Pick<CommandContext, 'paint' | 'columns'>,
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const width = tableWidths(header, rows).reduce((sum, one) => sum + one + 3, -3);
  return columns !== undefined && width > columns
    ? formatStacked(header, rows, columns, paint)
    : formatTable(header, rows, { paint });
}

export function tableOf<T extends KubeObject>(
  { columns, withNamespace }: Listing<T>,
  format: ObjectFormat | undefined,
): { readonly header: readonly string[]; readonly toRow: (object: T) => string[] } {
  const shown = columns.filter(({ isWide }) => format === 'wide' || isWide !== true);
  return {
    header: [...(withNamespace ? ['NAMESPACE'] : []), ...shown.map(({ title }) => title)],
    toRow: object => [
      ...(withNamespace ? [object.metadata.namespace ?? ''] : []),
      ...shown.map(({ cell }) => cell(object)),
    ],
  };
}

/** `approvalrequest.creel.dev/NAME`, as `kubectl -o name` and every command that takes names. */
export function qualifiedName({ kind, metadata }: KubeObject): string {
  return `${kind.toLowerCase()}.${group}/${metadata.name}`;
}

/** As kubectl leaves it out: bookkeeping of the API server that nobody reads. */
export function withoutManagedFields<T extends { readonly metadata: object }>(object: T): T {
  const metadata = Object.fromEntries(Object.entries(object.metadata).filter(([key]) => key !== 'managedFields'));
  return { ...object, metadata };
}
