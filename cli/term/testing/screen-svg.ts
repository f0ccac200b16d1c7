// A captured screen as an SVG: text with the styles that the terminal had.

const cell = { width: 8.4, height: 18 };
const colors: Readonly<Record<string, string>> = { 31: '#e5534b', 32: '#57ab5a', 33: '#c69026', 36: '#39c5cf' };
const paper = '#1c2128';
const ink = '#cdd9e5';

interface Style {
  readonly bold: boolean;
  readonly dim: boolean;
  readonly inverse: boolean;
  readonly color: string | undefined;
}
const plain: Style = { bold: false, dim: false, inverse: false, color: undefined };

/** `styled` as `tmux capture-pane -e -p` prints it. */
export function screenSvg(styled: string, columns: number, rows: number): string {
  const lines = styled.split('\n').slice(0, rows);
  const [width, height] = [Math.ceil(columns * cell.width + 16), rows * cell.height + 16];
  let style = plain;
  const body = lines.map((line, row) => {
    let column = 0;
    const parts: string[] = [];
    // oxlint-disable-next-line no-control-regex -- tmux's own colours
    for (const piece of line.split(/(\u001b\[[0-9;]*m)/)) {
      // oxlint-disable-next-line no-control-regex -- as above
      const codes = /^\u001b\[([0-9;]*)m$/.exec(piece)?.[1];
      if (codes !== undefined) style = codes.split(';').reduce(applyCode, style);
      else if (piece !== '') {
        parts.push(drawPiece(piece, column, row, style));
        column += piece.length;
      }
    }
    return parts.join('');
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">` +
    `<rect width="${width}" height="${height}" rx="6" fill="${paper}"/>\n${body.join('\n')}\n</svg>\n`
  );
}

/** The lines of text in such a picture. */
export function textOfSvg(svg: string): string {
  return svg
    .split('\n')
    .slice(1, -2)
    .map(line => [...line.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(match => unescape(match[1] ?? '')).join(''))
    .join('\n');
}

function drawPiece(text: string, column: number, row: number, style: Style): string {
  const [x, y] = [8 + column * cell.width, 8 + row * cell.height];
  const front = style.color ?? ink;
  const width = text.length * cell.width;
  const back = style.inverse
    ? `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${cell.height}" fill="${front}"/>`
    : '';
  const attributes = [
    `x="${x.toFixed(1)}" y="${y + 13.5}" textLength="${width.toFixed(1)}"`,
    `fill="${style.inverse ? paper : front}"`,
    ...(style.bold ? ['font-weight="bold"'] : []),
    ...(style.dim ? ['opacity="0.6"'] : []),
  ];
  return `${back}<text ${attributes.join(' ')}>${escape(text)}</text>`;
}

function applyCode(style: Style, code: string): Style {
  if (code === '' || code === '0') return plain;
  if (code === '1') return { ...style, bold: true };
  if (code === '2') return { ...style, dim: true };
  if (code === '22') return { ...style, bold: false, dim: false };
  if (code === '7') return { ...style, inverse: true };
  if (code === '27') return { ...style, inverse: false };
  if (code === '39') return { ...style, color: undefined };
  return code in colors ? { ...style, color: colors[code] } : style;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function unescape(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
