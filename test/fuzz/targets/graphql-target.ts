import assert from 'node:assert/strict';
import { parse } from 'graphql';
import { UnreadableBody } from '../../../engine/bodies/body-problem.ts';
import { readDocument } from '../../../engine/bodies/graphql-document.ts';
import { corpusOf as bodiesOf } from '../../../engine/bodies/testing/fuzz.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

/** Whatever is read, graphql-js reads too, with as many definitions. */
export const graphqlTarget: FuzzTarget = {
  name: 'graphql',
  corpus: bodiesOf('graphql'),
  tokens: [
    '{',
    '}',
    '(',
    ')',
    '"',
    '"""',
    '#',
    '...',
    'fragment F on Q',
    'mutation',
    'query A',
    '@include(if:true)',
    '\\u{1F600}',
    ':',
    '\ufeff',
  ],
  check: bytes => {
    const source = bytes.toString('utf8');
    let definitions: readonly unknown[];
    try {
      definitions = readDocument(source);
    } catch (error) {
      if (error instanceof UnreadableBody) return;
      throw error;
    }
    assert.equal(parse(source, { noLocation: true }).definitions.length, definitions.length);
  },
};
