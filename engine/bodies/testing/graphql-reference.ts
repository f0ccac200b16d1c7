// What graphql-js, an independent parser, says a document would do.
import { type DocumentNode, GraphQLError, Kind, parse, type SelectionNode, visit } from 'graphql';
import type { GraphQlOperation } from '../graphql-operations.ts';

/** Undefined where it finds no document. */
export function referenceDocument(source: string): DocumentNode | undefined {
  try {
    return parse(source, { noLocation: true });
  } catch (error) {
    if (error instanceof GraphQLError) return undefined;
    throw error;
  }
}

const types = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' } as const;

export function referenceOperations(document: DocumentNode): readonly GraphQlOperation[] {
  return document.definitions.flatMap(definition => {
    if (definition.kind !== Kind.OPERATION_DEFINITION) return [];
    const name = definition.name?.value;
    const fields = new Set(fieldsOf(definition.selectionSet.selections, document, []));
    return [{ type: types[definition.operation], ...(name === undefined ? {} : { name }), fields: [...fields] }];
  });
}

function fieldsOf(selections: readonly SelectionNode[], document: DocumentNode, open: readonly string[]): string[] {
  return selections.flatMap(selection => {
    if (selection.kind === Kind.FIELD) return [selection.name.value];
    if (selection.kind === Kind.INLINE_FRAGMENT) return fieldsOf(selection.selectionSet.selections, document, open);
    const { value } = selection.name;
    // As validation would refuse; a reference for what runs need not go round.
    if (open.includes(value)) return [];
    const fragment = document.definitions.find(
      each => each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === value,
    );
    if (fragment?.kind !== Kind.FRAGMENT_DEFINITION) return [];
    return fieldsOf(fragment.selectionSet.selections, document, [...open, value]);
  });
}

/** Type definitions, descriptions, empty selections: what no execution needs and the specification's grammar leaves out. */
export function isBeyondExecution(document: DocumentNode): boolean {
  let isBeyond = document.definitions.some(
    ({ kind }) => kind !== Kind.OPERATION_DEFINITION && kind !== Kind.FRAGMENT_DEFINITION,
  );
  visit(document, {
    enter: node => {
      const isEmpty = node.kind === Kind.SELECTION_SET && node.selections.length === 0;
      isBeyond ||= isEmpty || ('description' in node && node.description !== undefined);
    },
  });
  return isBeyond;
}
