// Globs over one piece of text: `*` is any run of characters, also none; all else is literal, dots too. Compiled once;
// matching takes time linear in the text, whatever the glob: each literal part is looked for once, from the left.

export type Glob = (text: string) => boolean;

export function compileGlob(source: string): Glob {
  const parts = source.split('*');
  const [first = '', ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return text => text === first;
  const middle = rest.filter(part => part !== '').map(compileSearch);
  return text => matchParts(text, first, middle, last);
}

/** Any of the globs; an absent list is no restriction. */
export function compileGlobs(sources: readonly string[] | undefined): Glob {
  if (sources === undefined) return () => true;
  const globs = sources.map(compileGlob);
  return text => globs.some(glob => glob(text));
}

function matchParts(text: string, first: string, middle: readonly Search[], last: string): boolean {
  const end = text.length - last.length;
  if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  // The leftmost place leaves the most room for what follows: no other needs to be tried.
  for (const search of middle) {
    at = search(text, at, end);
    if (at < 0) return false;
  }
  return true;
}

/** Where the part ends at its first place within [from, end), or -1. */
type Search = (text: string, from: number, end: number) => number;

/** Knuth, Morris, Pratt: no character of the text is looked at more than twice. */
function compileSearch(part: string): Search {
  const borders = bordersOf(part);
  return (text, from, end) => {
    let matched = 0;
    for (let at = from; at < end; at++) {
      while (matched > 0 && part[matched] !== text[at]) matched = borders[matched - 1] ?? 0;
      if (part[matched] === text[at]) matched++;
      if (matched === part.length) return at + 1;
    }
    return -1;
  };
}

/** For each prefix: the length of its longest proper border. */
function bordersOf(part: string): readonly number[] {
  const borders = [0];
  for (let at = 1, length = 0; at < part.length; at++) {
    while (length > 0 && part[length] !== part[at]) length = borders[length - 1] ?? 0;
    if (part[length] === part[at]) length++;
    borders.push(length);
  }
  return borders;
}
