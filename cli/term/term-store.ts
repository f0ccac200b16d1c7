// The state between the reducer and what is drawn. Keys are drawn at once; what streams in, a few times a second.
import { type Effect, reduce, type TermInput } from './state/reduce.ts';
import { initialState, type StartOptions, type TermState } from './state/term-state.ts';

export interface TermStore {
  readonly state: () => TermState;
  readonly dispatch: (input: TermInput) => void;
  /** For React's useSyncExternalStore. */
  readonly subscribe: (listener: () => void) => () => void;
}

const frameMs = 40;

export function createTermStore(options: StartOptions, perform: (effect: Effect) => void): TermStore {
  let state = initialState(options);
  let timer: NodeJS.Timeout | undefined;
  const listeners = new Set<() => void>();
  const notify = () => {
    clearTimeout(timer);
    timer = undefined;
    for (const listener of listeners) listener();
  };
  return {
    state: () => state,
    dispatch: input => {
      const { state: next, effects } = reduce(state, input);
      state = next;
      if (input.type === 'Key' || input.type === 'Pasted' || input.type === 'Resized') notify();
      else timer ??= setTimeout(notify, frameMs);
      for (const effect of effects) perform(effect);
    },
    subscribe: listener => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
