import assert from 'node:assert/strict';
import { canonicalPath, parseRequestTarget } from '../../../engine/canonical/request-target.ts';
import { type FuzzTarget, linesOf } from '../fuzz-target.ts';

/** A canonical path means the same to the WHATWG URL parser as it did before, and does not change when read again. */
export const requestTargetTarget: FuzzTarget = {
  name: 'request-target',
  corpus: linesOf('request-target'),
  tokens: [
    '%2f',
    '%2e',
    '%2E%2e',
    '..',
    './',
    '//',
    ';',
    '\\',
    '%5c',
    '%00',
    '%25',
    '?',
    '#',
    '%c0%ae',
    '%u002e',
    '&',
    '=',
  ],
  check: bytes => {
    const text = bytes.toString('latin1');
    const parsed = parseRequestTarget(text);
    if (!parsed.ok) return;
    const { path, query } = parsed.target;
    assert.equal(canonicalPath(path), path);
    const again = parseRequestTarget(query === undefined ? path : `${path}?${query}`);
    assert.ok(again.ok);
    assert.equal(again.target.path, path);
    const raw = text.split('?', 1)[0] ?? '';
    assert.equal(decodeURIComponent(path), decodeURIComponent(raw));
    // No dot segment and no backslash is left for it to resolve: it walks nowhere.
    assert.equal(new URL(`http://h${raw}`).pathname.split('/').length, path.split('/').length);
  },
};
