import { describe, expect, test } from 'vitest';
import { listFiles, readText } from './tree.ts';

/* oxlint-disable no-useless-concat -- spelled in halves, so that this file does not match itself */
const forbidden: readonly (readonly [what: string, pattern: RegExp])[] = [
  [
    'a package registry host',
    new RegExp(
      [
        'registry\\.npm' + 'js',
        'deb\\.deb' + 'ian\\.org',
        'proxy\\.gol' + 'ang',
        'files\\.python' + 'hosted',
        'index\\.cra' + 'tes',
        'repo1?\\.ma' + 'ven',
      ].join('|'),
      'i',
    ),
  ],
  [
    'a path of a developer machine',
    new RegExp(['/wo' + 'rk/(main|shared)', '/ro' + 'ot/\\.', '/tmp/' + 'warm', '/ho' + 'me/\\w+/'].join('|')),
  ],
  ['a resolved address in a lockfile', new RegExp('"resol' + 'ved": "http')],
];

const files = listFiles().filter(path => !/\.(png|node|tar)$/.test(path));

describe.each(forbidden)('no file holds %s', (_what, pattern) => {
  test('in the whole tree', () => {
    const hits = files.filter(path => pattern.test(readText(path) ?? ''));
    expect(hits).toEqual([]);
  });
});

test('tests are not switched off', () => {
  const marker = new RegExp('\\b(it|test|describe)\\.(on' + 'ly|to' + 'do)\\b');
  expect(files.filter(path => /\.test\.tsx?$/.test(path) && marker.test(readText(path) ?? ''))).toEqual([]);
});
