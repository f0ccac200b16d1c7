// What the terminal can show, decided once: colours, box drawing, letters beyond ASCII.

export interface Theme {
  readonly hasColor: boolean;
  /** The locale's character set is not UTF-8: everything else would come out as rubbish of unknown width. */
  readonly isAscii: boolean;
}

type Env = Readonly<Record<string, string | undefined>>;

export function themeOf(env: Env): Theme {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find(value => value !== undefined && value !== '') ?? '';
  return { hasColor: (env['NO_COLOR'] ?? '') === '', isAscii: !/utf-?8/i.test(locale) };
}

const unicode = {
  rule: '─',
  bar: '│',
  first: '┌',
  middle: '│',
  last: '└',
  ellipsis: '…',
  from: '←',
  above: '↑',
  below: '↓',
  dot: '·',
};
const ascii = {
  rule: '-',
  bar: '|',
  first: '/',
  middle: '|',
  last: '\\',
  ellipsis: '~',
  from: '<',
  above: '^',
  below: 'v',
  dot: '.',
};

export function glyphsOf({ isAscii }: Theme): typeof unicode {
  return isAscii ? ascii : unicode;
}
