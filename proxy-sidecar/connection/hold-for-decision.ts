// A connection or request that nobody lists waits for a person instead of failing: until policy says something else, the
// question is answered with a refusal, the time is over, or the agent has gone. Nothing goes upstream meanwhile.
import type { Asked, Denial } from '../session/denial-reports.ts';
import type { ConnectionContext } from './connection-context.ts';

export type Held<T> =
  /** Policy says something else now. */
  | { readonly kind: 'Decided'; readonly now: T }
  /** `TooManyHeld` waited not at all; `Answered`: waiting any longer is of no use. */
  | { readonly kind: 'Answered' | 'TimedOut' | 'ClientGone' | 'TooManyHeld' };

export interface HoldOptions<T> {
  readonly holdMs: number;
  readonly denial: Denial;
  /** What policy says now; undefined while it still asks. */
  readonly look: () => Promise<T | undefined>;
  /** False once the agent's socket is nobody's any more. */
  readonly isClientThere: () => Promise<boolean>;
}

type Context = Pick<ConnectionContext, 'policy' | 'denials' | 'holds' | 'signal'>;

const clientCheckMs = 1000;

export async function holdForDecision<T>(options: HoldOptions<T>, context: Context): Promise<Held<T>> {
  if (!context.holds.enter()) return { kind: 'TooManyHeld' };
  const end = new AbortController();
  const news = createNews();
  const stopHearing = [
    context.policy.subscribe(news.tell),
    context.denials.subscribe(news.tell, options.denial),
    tellAfter(options.holdMs, news.tell, end),
    watchClient(options.isClientThere, news.tell, end),
  ];
  context.signal.addEventListener('abort', news.tell, { once: true });
  try {
    for (;;) {
      const outcome = ended(options, context, end.signal);
      if (outcome !== undefined) return outcome;
      await news.heard();
      // What policy allows counts before everything else: somebody decided just in time.
      const now = await options.look();
      if (now !== undefined) return { kind: 'Decided', now };
    }
  } finally {
    context.signal.removeEventListener('abort', news.tell);
    for (const stop of stopHearing) stop();
    context.holds.leave();
  }
}

function ended(
  { denial }: Pick<HoldOptions<unknown>, 'denial'>,
  { denials, signal }: Context,
  end: AbortSignal,
): { readonly kind: 'Answered' | 'TimedOut' | 'ClientGone' } | undefined {
  if (isFinal(denials.newest(denial))) return { kind: 'Answered' };
  if (end.aborted) return { kind: end.reason as 'TimedOut' | 'ClientGone' };
  return signal.aborted ? { kind: 'TimedOut' } : undefined;
}

/** Refused, put off, or nobody can be asked. */
function isFinal(answer: Asked | undefined): boolean {
  return answer !== undefined && (answer.standing !== undefined || answer.approval === undefined);
}

function tellAfter(ms: number, tell: () => void, end: AbortController): () => void {
  const timer = setTimeout(() => {
    end.abort('TimedOut');
    tell();
  }, ms);
  return () => clearTimeout(timer);
}

/** Its bytes are not read while it waits, so that only the guard can say whether anybody still holds the socket. */
function watchClient(isThere: () => Promise<boolean>, tell: () => void, end: AbortController): () => void {
  const check = async () => {
    if (await isThere()) return;
    end.abort('ClientGone');
    tell();
  };
  const timer = setInterval(() => void check(), clientCheckMs);
  return () => clearInterval(timer);
}

/** Something that happens while nobody waits for it is heard by the next who does. */
function createNews(): { readonly tell: () => void; readonly heard: () => Promise<void> } {
  let isNew = false;
  let wake: (() => void) | undefined;
  return {
    tell: () => {
      isNew = true;
      wake?.();
    },
    heard: async () => {
      if (!isNew) await new Promise<void>(resolve => (wake = resolve));
      isNew = false;
      wake = undefined;
    },
  };
}
