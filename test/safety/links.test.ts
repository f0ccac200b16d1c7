// Links between our own pages: the file is there, and so is the heading.
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { listFiles, readText } from './tree.ts';

const pages = listFiles().filter(path => path.endsWith('.md'));

/** The anchor GitHub makes of a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

function brokenLinks(page: string, text: string): string[] {
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return links
    .filter(target => !/^[a-z]+:/.test(target))
    .filter(target => {
      const [file = '', anchor] = target.split('#', 2);
      const path = file === '' ? page : normalize(join(dirname(page), file));
      if (path.endsWith('/')) return !listFiles().some(known => known.startsWith(path));
      const linked = path === page ? text : readText(path);
      const anchors = () => [...(linked ?? '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
      return linked === undefined || (anchor !== undefined && !anchors().includes(anchor));
    })
    .map(target => `${page}: ${target}`);
}

test('it finds a file and a heading that are not there', () => {
  const text = '# A page\n[a](#a-page) [b](#no-page) [c](docs/none.md) [d](docs/) [e](https://x.test/y)';
  expect(brokenLinks('README.md', text)).toEqual(['README.md: #no-page', 'README.md: docs/none.md']);
});

test('every link leads somewhere', () => {
  expect(pages.length).toBeGreaterThan(10);
  expect(pages.flatMap(page => brokenLinks(page, readText(page) ?? ''))).toEqual([]);
});
