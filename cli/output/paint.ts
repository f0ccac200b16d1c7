// Colour for the few words that say how something is; none where nobody looks (no terminal, NO_COLOR, TERM=dumb).

const codes = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
  bold: [1, 22],
  dim: [2, 22],
} as const;
export type Color = keyof typeof codes;
export type Paint = (color: Color, text: string) => string;

export const noPaint: Paint = (_color, text) => text;

export function createPaint(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): Paint {
  const isOff = !isTerminal || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  if (isOff) return noPaint;
  return (color, text) => {
    const [on, off] = codes[color];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  };
}

const colorOfWord: Readonly<Record<string, Color>> = {
  Pending: 'yellow',
  AwaitingApproval: 'yellow',
  Snoozed: 'yellow',
  Starting: 'yellow',
  Unknown: 'yellow',
  Ask: 'yellow',
  warn: 'yellow',
  Running: 'green',
  Enforced: 'green',
  Approved: 'green',
  Allow: 'green',
  ok: 'green',
  Denied: 'red',
  Failed: 'red',
  Stalled: 'red',
  Deny: 'red',
  fail: 'red',
};

/** The word in the colour of what it says; any other word as it is. */
export function paintWord(paint: Paint, word: string, padded: string = word): string {
  const color = Object.hasOwn(colorOfWord, word) ? colorOfWord[word] : undefined;
  return color === undefined ? padded : paint(color, padded);
}
