import { Box } from 'ink';
import type { ReactElement } from 'react';
import { cellWidth, fit, safeText } from './cells.ts';
import { type Line, span } from './line.ts';
import { LineText } from './line-text.tsx';
import { glyphsOf, type Theme } from './theme.ts';

interface Props {
  readonly title: string;
  readonly width: number;
  /** Lines of content. */
  readonly height: number;
  readonly isFocused: boolean;
  readonly lines: readonly Line[];
  readonly theme: Theme;
}

/** A title and exactly `height` lines. The focused one has its title in brackets. */
export function Pane({ title, width, height, isFocused, lines, theme }: Props): ReactElement {
  const filled = Array.from({ length: height }, (_, index) => lines[index] ?? []);
  return (
    <Box flexDirection="column" width={width} height={height + 1} overflow="hidden">
      <LineText line={titleLine(title, width, isFocused, theme)} theme={theme} />
      {filled.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line of the screen is its place
        <LineText key={index} line={line} theme={theme} />
      ))}
    </Box>
  );
}

function titleLine(title: string, width: number, isFocused: boolean, theme: Theme): Line {
  const { rule } = glyphsOf(theme);
  const text = safeText(title, theme);
  const name = isFocused ? `[${text}]` : ` ${text} `;
  const cut = fit(name, Math.min(cellWidth(name), Math.max(0, width - 2)), theme);
  return [
    span(rule, { dim: !isFocused }),
    span(cut, { bold: true, inverse: isFocused }),
    span(rule.repeat(Math.max(0, width - 1 - cellWidth(cut))), { dim: !isFocused }),
  ];
}
