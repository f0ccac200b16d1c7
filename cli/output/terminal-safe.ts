// The last barrier before the terminal: whatever a formatter has let through, nothing here can drive it.
import { displaySafe } from '../../engine/canonical/display.ts';

/** The few colours that `createPaint` writes, and nothing else. */
// oxlint-disable-next-line no-control-regex -- these are the controls that may pass
const ours = /(\u001b\[(?:0|1|2|31|32|33|36|39|22)m)/;

/** Lines stay lines; every other control, bidi or invisible character is written out; our own colours pass where asked. */
export function terminalSafe(text: string, keepColors: boolean): string {
  return text
    .split('\n')
    .map(line =>
      keepColors
        ? line
            .split(ours)
            .map((part, at) => (at % 2 === 1 ? part : displaySafe(part)))
            .join('')
        : displaySafe(line),
    )
    .join('\n');
}
