// Where the panes are, for a size of the terminal: beside each other where it is wide, the detail below where it is not.
import type { Pane, Size } from './state/term-state.ts';

export const smallest: Size = { columns: 60, rows: 15 };
const wideColumns = 140;
/** Head line, notice, keys. */
const outerRows = 3;

export interface PaneSize {
  readonly width: number;
  /** Lines of content, below the pane's title. */
  readonly height: number;
}

export type Layout =
  | { readonly arrangement: 'TooSmall' }
  | { readonly arrangement: 'Columns' | 'Stacked'; readonly panes: Readonly<Record<Pane, PaneSize>> };

export function layoutOf({ columns, rows }: Size): Layout {
  if (columns < smallest.columns || rows < smallest.rows) return { arrangement: 'TooSmall' };
  const body = rows - outerRows;
  // One column between panes.
  if (columns >= wideColumns) {
    const height = body - 1;
    const sandboxes = Math.floor(columns * 0.24);
    const requests = Math.floor(columns * 0.42);
    const detail = columns - sandboxes - requests - 2;
    return {
      arrangement: 'Columns',
      panes: {
        sandboxes: { width: sandboxes, height },
        requests: { width: requests, height },
        detail: { width: detail, height },
      },
    };
  }
  const upper = Math.ceil(body / 2);
  const sandboxes = Math.floor(columns * 0.34);
  return {
    arrangement: 'Stacked',
    panes: {
      sandboxes: { width: sandboxes, height: upper - 1 },
      requests: { width: columns - sandboxes - 1, height: upper - 1 },
      detail: { width: columns, height: body - upper - 1 },
    },
  };
}

/** Lines of a list that are on the screen; 1 where it is too small for any. */
export function heightOf(size: Size, pane: Pane): number {
  const layout = layoutOf(size);
  return layout.arrangement === 'TooSmall' ? 1 : layout.panes[pane].height;
}
