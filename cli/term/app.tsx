import { useApp, useInput, usePaste } from 'ink';
import { type ReactElement, useEffect, useSyncExternalStore } from 'react';
import { readKey } from './read-key.ts';
import type { TermStore } from './term-store.ts';
import { Screen } from './view/screen.tsx';
import type { Theme } from './view/theme.ts';

export interface Suspend {
  /** Gives the terminal to what runs, and takes it back. */
  (run: () => Promise<void>): Promise<void>;
}

interface Props {
  readonly store: TermStore;
  readonly theme: Theme;
  readonly nowMs: () => number;
  readonly onSuspendable: (suspend: Suspend) => void;
}

export function App({ store, theme, nowMs, onSuspendable }: Props): ReactElement {
  const state = useSyncExternalStore(store.subscribe, store.state);
  const { suspendTerminal } = useApp();
  useEffect(() => onSuspendable(run => suspendTerminal(run)), [onSuspendable, suspendTerminal]);
  useInput((input, key) => {
    const press = readKey(input, key);
    if (press) store.dispatch({ type: 'Key', key: press, atMs: nowMs() });
  });
  usePaste(text => store.dispatch({ type: 'Pasted', text, atMs: nowMs() }));
  return <Screen state={state} theme={theme} />;
}
