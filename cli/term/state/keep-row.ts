// Where the selection and the window of a list are after the list has changed.

export interface ListWindow {
  /** uids of the rows. */
  readonly ids: readonly string[];
  readonly cursor: string | undefined;
  readonly top: number;
}

export interface KeptRow {
  readonly cursor: string | undefined;
  readonly top: number;
  /** The selected row is another one, or on another line of the screen. */
  readonly hasMoved: boolean;
}

/**
 * Nothing that arrives moves the selected row on the screen: what comes above it scrolls out at the top. `isIdle`: nobody
 * has touched a key for a while, so the newest is shown if the selected row stays in sight.
 */
export function keepRow(before: ListWindow, ids: readonly string[], height: number, isIdle: boolean): KeptRow {
  const was = before.cursor === undefined ? -1 : before.ids.indexOf(before.cursor);
  const line = Math.min(Math.max(was - before.top, 0), height - 1);
  const found = before.cursor === undefined ? -1 : ids.indexOf(before.cursor);
  const index = found >= 0 ? found : Math.min(Math.max(was, 0), ids.length - 1);
  const cursor = ids[index];
  if (cursor === undefined) return { cursor: undefined, top: 0, hasMoved: before.cursor !== undefined };
  // Blank lines below the last row are better than a row that jumps.
  const top = isIdle && index < height ? 0 : Math.max(0, index - line);
  return { cursor, top, hasMoved: found < 0 || index - top !== line };
}

/** After the user's own key: as little scrolling as shows the row. */
export function showRow(index: number, top: number, length: number, height: number): number {
  const above = Math.min(top, Math.max(index, 0));
  return Math.max(0, Math.min(Math.max(above, index - height + 1), length - height));
}
