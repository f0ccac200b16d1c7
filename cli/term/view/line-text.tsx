import { Text } from 'ink';
import { memo, type ReactElement } from 'react';
import type { Line } from './line.ts';
import type { Theme } from './theme.ts';

interface Props {
  readonly line: Line;
  readonly theme: Theme;
}

/** One line of the screen. A line that says the same is not drawn anew. */
export const LineText = memo(
  ({ line, theme }: Props): ReactElement => (
    <Text wrap="truncate">
      {line.length === 0
        ? ' '
        : line.map((part, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: spans of a line have no identity but their place
            <Text
              key={index}
              bold={part.bold ?? false}
              dimColor={part.dim ?? false}
              inverse={part.inverse ?? false}
              {...(theme.hasColor && part.color ? { color: part.color } : {})}
            >
              {part.text}
            </Text>
          ))}
    </Text>
  ),
  (before, after) => before.theme === after.theme && isEqual(before.line, after.line),
);

function isEqual(a: Line, b: Line): boolean {
  return (
    a.length === b.length &&
    a.every((part, index) => {
      const other = b[index];
      return (
        part.text === other?.text &&
        part.bold === other.bold &&
        part.dim === other.dim &&
        part.inverse === other.inverse &&
        part.color === other.color
      );
    })
  );
}
