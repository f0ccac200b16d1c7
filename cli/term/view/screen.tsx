// The whole screen for a state: exactly as many lines as the terminal has.
import { Box } from 'ink';
import type { ReactElement } from 'react';
import { layoutOf, type PaneSize, smallest } from '../layout.ts';
import type { Dialog } from '../state/dialog.ts';
import type { TermState } from '../state/term-state.ts';
import { detailLines } from './detail-lines.ts';
import { dialogLines } from './dialog-lines.ts';
import { keysLine, noticeLines } from './foot-lines.ts';
import { headLine } from './head-line.ts';
import { helpLines } from './help-lines.ts';
import { type Line, span } from './line.ts';
import { LineText } from './line-text.tsx';
import { logViewLines } from './log-view-lines.ts';
import { Pane } from './pane.tsx';
import { requestLine } from './request-line.ts';
import { sandboxLine } from './sandbox-line.ts';
import { glyphsOf, type Theme } from './theme.ts';

interface Props {
  readonly state: TermState;
  readonly theme: Theme;
}

/** Lines a decision needs to be readable; a detail pane lower than that gives way to the whole height. */
const dialogRows = 8;

export function Screen({ state, theme }: Props): ReactElement {
  const layout = layoutOf(state.size);
  const { columns, rows } = state.size;
  if (layout.arrangement === 'TooSmall') return <TooSmall state={state} theme={theme} />;
  const { panes, arrangement } = layout;
  // Beside the lists the detail keeps its height: there a line is long.
  const notices = noticeLines(state, theme).slice(0, arrangement === 'Columns' ? 1 : undefined);
  const lower = notices.length - 1;
  const body = { width: columns, height: rows - 4 - lower };
  const detail = { ...panes.detail, height: Math.max(1, panes.detail.height - lower) };
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <LineText line={headLine(state, theme)} theme={theme} />
      {coversBody(state.dialog, panes.detail) ? (
        <DialogPane state={state} dialog={state.dialog} size={body} theme={theme} />
      ) : arrangement === 'Columns' ? (
        <Box>
          <ListPane state={state} name="sandboxes" size={panes.sandboxes} theme={theme} />
          <Divider height={panes.sandboxes.height + 1} theme={theme} />
          <ListPane state={state} name="requests" size={panes.requests} theme={theme} />
          <Divider height={panes.requests.height + 1} theme={theme} />
          <DetailPane state={state} size={panes.detail} theme={theme} />
        </Box>
      ) : (
        <Box flexDirection="column">
          <Box>
            <ListPane state={state} name="sandboxes" size={panes.sandboxes} theme={theme} />
            <Divider height={panes.sandboxes.height + 1} theme={theme} />
            <ListPane state={state} name="requests" size={panes.requests} theme={theme} />
          </Box>
          <DetailPane state={state} size={detail} theme={theme} />
        </Box>
      )}
      {notices.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line of the screen is its place
        <LineText key={index} line={line} theme={theme} />
      ))}
      <LineText line={keysLine(state, theme)} theme={theme} />
    </Box>
  );
}

function coversBody(dialog: Dialog | undefined, detail: PaneSize): dialog is Exclude<Dialog, { type: 'Filter' }> {
  if (dialog === undefined || dialog.type === 'Filter') return false;
  return dialog.type !== 'Decide' || detail.height < dialogRows;
}

function TooSmall({ state, theme }: Props): ReactElement {
  const { columns, rows } = state.size;
  const text = `too small: ${columns}x${rows}, needs ${smallest.columns}x${smallest.rows}`;
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <LineText line={[span(text.slice(0, columns), { bold: true })]} theme={theme} />
      {rows > 1 ? <LineText line={[span('make it larger, or q'.slice(0, columns))]} theme={theme} /> : null}
    </Box>
  );
}

function ListPane({
  state,
  name,
  size,
  theme,
}: Props & { readonly name: 'sandboxes' | 'requests'; readonly size: PaneSize }): ReactElement {
  const { height, width } = size;
  const top = state.top[name];
  const count = state.rows[name].length;
  const lines =
    name === 'requests'
      ? state.rows.requests.slice(top, top + height).map(row => requestLine(state, row, width, theme))
      : state.rows.sandboxes.slice(top, top + height).map(row => sandboxLine(state, row, width, theme));
  const title = name === 'requests' ? requestsTitle(state) : `Sandboxes ${count}${filtered(state.filters.sandboxes)}`;
  return (
    <Pane
      title={title + elsewhere(top, count - top - height, theme)}
      width={width}
      height={height}
      isFocused={state.focus === name}
      lines={count === 0 ? [[span(` ${emptyText(state, name)}`, { dim: true })]] : lines}
      theme={theme}
    />
  );
}

function requestsTitle(state: TermState): string {
  const open = state.rows.requests.filter(({ section }) => section === 'Open').length;
  const sandbox = state.ofSandbox === undefined ? undefined : state.sandboxes.get(state.ofSandbox);
  const of = sandbox === undefined ? '' : ` of ${sandbox.metadata.name}`;
  const others = state.rows.requests.length - open;
  return `Requests${of} ${open} pending${others > 0 ? ` + ${others}` : ''}${filtered(state.filters.requests)}`;
}

function filtered(filter: string): string {
  return filter === '' ? '' : ` /${filter}`;
}

/** How many rows are out of sight, and where. */
function elsewhere(above: number, below: number, theme: Theme): string {
  const glyphs = glyphsOf(theme);
  return `${above > 0 ? ` ${glyphs.above}${above}` : ''}${below > 0 ? ` ${glyphs.below}${below}` : ''}`;
}

const refusals: Readonly<Record<number, string>> = {
  401: 'your credentials are refused: log in again',
  404: 'Creel is not installed here: kubectl creel doctor',
};

function emptyText(state: TermState, name: 'sandboxes' | 'requests'): string {
  const link = state.links[name];
  if (link.state === 'Refused') return refusals[link.status ?? 0] ?? `you may not list ${name} here`;
  if (link.state !== 'Live' && link.heardMs === 0) return 'waiting for the API server';
  if (state.filters[name] !== '') return 'nothing matches the filter';
  return name === 'requests' ? 'nothing is asked for' : 'no sandbox here';
}

function DetailPane({ state, size, theme }: Props & { readonly size: PaneSize }): ReactElement {
  if (state.dialog?.type === 'Decide')
    return <DialogPane state={state} dialog={state.dialog} size={size} theme={theme} />;
  const all = detailLines(state, size.width, theme);
  const top = Math.max(0, Math.min(state.top.detail, all.length - size.height));
  return (
    <Pane
      title={`Detail${elsewhere(top, all.length - top - size.height, theme)}`}
      width={size.width}
      height={size.height}
      isFocused={state.focus === 'detail'}
      lines={all.slice(top, top + size.height)}
      theme={theme}
    />
  );
}

function DialogPane({
  state,
  dialog,
  size,
  theme,
}: Props & { readonly dialog: Exclude<Dialog, { type: 'Filter' }>; readonly size: PaneSize }): ReactElement {
  const { width, height } = size;
  const [title, lines] = contentOf(state, dialog, size, theme);
  return <Pane title={title} width={width} height={height} isFocused lines={lines} theme={theme} />;
}

function contentOf(
  state: TermState,
  dialog: Exclude<Dialog, { type: 'Filter' }>,
  { width, height }: PaneSize,
  theme: Theme,
): readonly [string, readonly Line[]] {
  switch (dialog.type) {
    case 'Decide':
      return [`${dialog.verdict}?`, dialogLines(state, dialog, width, height, theme)];
    case 'Help': {
      const all = helpLines(width, theme);
      const top = Math.max(0, Math.min(dialog.top, all.length - height));
      return [`Help${elsewhere(top, all.length - top - height, theme)}`, all.slice(top, top + height)];
    }
    case 'Logs': {
      const { namespace, name } = dialog.sandbox.metadata;
      return [`Audit lines of ${namespace}/${name}`, logViewLines(dialog, width, height, theme)];
    }
    default:
      return dialog satisfies never;
  }
}

function Divider({ height, theme }: { readonly height: number; readonly theme: Theme }): ReactElement {
  const { bar } = glyphsOf(theme);
  return (
    <Box flexDirection="column" width={1}>
      {Array.from({ length: height }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line of the screen is its place
        <LineText key={index} line={[span(bar, { dim: true })]} theme={theme} />
      ))}
    </Box>
  );
}
