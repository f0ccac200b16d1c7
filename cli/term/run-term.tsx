// Wires the terminal UI: state, drawing, the API server, the clock. The terminal is given back however it ends.
import { render } from 'ink';
import type { Api } from '../kube/api.ts';
import { App, type Suspend } from './app.tsx';
import { createPerformer } from './perform-effects.ts';
import type { Effect } from './state/reduce.ts';
import { createTermStore } from './term-store.ts';
import { themeOf } from './view/theme.ts';

export interface TermOptions {
  readonly api: Api;
  readonly allNamespaces: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly nowMs: () => number;
  /** The command line that starts this program again. */
  readonly self: readonly string[];
  readonly signal: AbortSignal;
}

const tickMs = 1_000;

/** Resolves when the user has quit or the signal has ended; rejects with what was a bug. */
export async function runTerm(options: TermOptions): Promise<void> {
  const { api, env, stdin, stdout, nowMs, self } = options;
  const end = new AbortController();
  const signal = AbortSignal.any([options.signal, end.signal]);
  let perform: ((effect: Effect) => void) | undefined;
  let suspend: Suspend | undefined;
  const size = () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
  const namespace = options.allNamespaces ? {} : { namespace: api.namespace };
  const scope = { home: api.namespace, ...namespace };
  const store = createTermStore({ scope, size: size(), nowMs: nowMs() }, effect => perform?.(effect));
  const onResize = () => store.dispatch({ type: 'Resized', size: size(), atMs: nowMs() });
  // Before ink's own listener: what it draws on a new size must be the screen of that size.
  stdout.prependListener('resize', onResize);
  const instance = render(
    <App store={store} theme={themeOf(env)} nowMs={nowMs} onSuspendable={given => (suspend = given)} />,
    {
      stdin,
      stdout,
      exitOnCtrlC: false,
      patchConsole: false,
      alternateScreen: true,
      interactive: true,
      incrementalRendering: true,
    },
  );
  const quit = () => instance.unmount();
  perform = createPerformer({
    api,
    nowMs,
    self,
    signal,
    quit,
    stdin,
    stdout,
    dispatch: store.dispatch,
    suspend: () => suspend,
  });
  perform({ type: 'Follow', namespace: scope.namespace });
  const tick = setInterval(() => store.dispatch({ type: 'Tick', atMs: nowMs() }), tickMs);
  options.signal.addEventListener('abort', quit, { once: true });
  const restoring = restoreOnCrash(quit);
  try {
    await instance.waitUntilExit();
  } finally {
    restoring.release();
    options.signal.removeEventListener('abort', quit);
    clearInterval(tick);
    stdout.off('resize', onResize);
    end.abort();
  }
}

/** Node prints a fatal error before anything is put back, onto a screen that is then gone: put back first, then print. */
function restoreOnCrash(restore: () => void): { release(): void } {
  const onFatal = (error: unknown) => {
    restore();
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(70);
  };
  process.on('uncaughtException', onFatal);
  process.on('unhandledRejection', onFatal);
  return {
    release: () => {
      process.off('uncaughtException', onFatal);
      process.off('unhandledRejection', onFatal);
    },
  };
}
