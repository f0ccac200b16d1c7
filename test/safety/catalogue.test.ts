// Every attack of the catalogue has a test that carries its id, or is named here with the reason why it has none.
import { expect, test } from 'vitest';
import { catalogue } from '../attacks/catalogue.ts';
import { listFiles, readText } from './tree.ts';
import { untested } from './untested-attacks.ts';

/**
 * Titles begin with their ids (`N02, N03 what is tried`), Go's tests carry them in the name (`TestB01B02…`), cases of admission
 * policies behind their verdict (`deny: K01 …`), samples of what a schema refuses in their name (`g02-…`).
 */
const titles =
  /(?:['"`]|func Test|\b(?:deny|allow): ["']?)([NDPTHBRAKG]\d{2}(?:(?:,? )?[NDPTHBRAKG]\d{2})*)(?=['"`A-Z: ])|metadata: \{name: ([a-z]\d{2})-/g;
const idsIn = (text: string) =>
  [...text.matchAll(titles)].flatMap(match => (match[1] ?? match[2] ?? '').toUpperCase().match(/[A-Z]\d{2}/g) ?? []);

const tested = new Set(
  listFiles()
    // Its own samples are no tests.
    .filter(path => !path.startsWith('test/safety/'))
    .filter(path => /(\.test\.tsx?|_test\.go|\.cases\.yaml|samples\/invalid\/.*\.yaml)$/.test(path))
    .flatMap(path => idsIn(readText(path) ?? '')),
);
const known = new Set(catalogue.map(([id]) => id));

test('ids are read from titles of TypeScript and Go, and from nothing else', () => {
  expect(
    idsIn(
      "test('N02, N03 what')\nfunc TestB01B02AName(t) { t.Run(\"R17 x\") }\n// D05 'see D05'\n- deny: K01 K02 a\nmetadata: {name: g03-a}",
    ),
  ).toEqual(['N02', 'N03', 'B01', 'B02', 'R17', 'K01', 'K02', 'G03']);
});

test.each(catalogue)('%s (%s) %s', id => {
  const reason = untested[id];
  if (reason === undefined)
    expect(tested, `no title begins with ${id}; if it cannot be tested, say why in untested-attacks.ts`).toContain(id);
});

test('no case has both a test and an excuse', () => {
  expect(Object.keys(untested).filter(id => tested.has(id))).toEqual([]);
});

test('no title and no excuse names a case that is not in the catalogue', () => {
  expect(known.size).toBe(catalogue.length);
  expect([...tested, ...Object.keys(untested)].filter(id => !known.has(id))).toEqual([]);
});
