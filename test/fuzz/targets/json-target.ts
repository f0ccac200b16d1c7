import assert from 'node:assert/strict';
import { JsonObject } from '../../../engine/bodies/json-value.ts';
import { parseStrictJson } from '../../../engine/bodies/strict-json.ts';
import { corpusOf as bodiesOf } from '../../../engine/bodies/testing/fuzz.ts';
import { plainJson } from '../../../engine/bodies/testing/plain-json.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

/** What is accepted, JSON.parse accepts with the same meaning. */
export const jsonTarget: FuzzTarget = {
  name: 'json',
  corpus: [...bodiesOf('json'), ...bodiesOf('json-rpc')],
  tokens: [
    '"a":1,',
    '"\\u0061":1,',
    '{',
    '}',
    '[',
    ']',
    '\\ud800',
    '\\',
    '"',
    '1e999',
    '-0',
    '\ufeff',
    '\0',
    '//',
    '__proto__',
  ],
  check: bytes => {
    const parsed = parseStrictJson(bytes);
    if (!parsed.ok) return;
    const { value } = parsed;
    assert.deepEqual(plainJson(value), JSON.parse(bytes.toString('utf8')));
    assert.ok(!(value instanceof JsonObject) || Object.getPrototypeOf(value) === JsonObject.prototype);
  },
};
