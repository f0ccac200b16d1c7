// What an agent reads about its question: whether a person has answered, what they want it to do instead, and when to ask again.
import type { Standing } from '../../protocol/session.ts';
import type { DenyBody } from '../http/deny-response.ts';
import type { Asked } from '../session/denial-reports.ts';

type Words = Pick<DenyBody, 'error' | 'detail' | 'next' | 'approval'>;

/** The schema's own bound of `decision.reason`. */
const maxGuidanceLength = 512;

/** `unanswered`: reason and sentence for as long as nobody has decided. */
export function askedWords(
  { approval, standing, reason }: Asked,
  unanswered: { readonly error: string; readonly detail: string },
): Words {
  const named = approval === undefined ? {} : { approval };
  if (standing !== undefined) return { ...standingWords(standing, unanswered.error), ...named };
  const next =
    approval === undefined
      ? 'Try again later, or do without it.'
      : `Ask the person who runs this sandbox to decide on ${approval}, then try again.`;
  return { error: unanswered.error, detail: reason ?? unanswered.detail, next, ...named };
}

/** Refused at once because too many wait already; the question itself is asked all the same. */
export function notHeldWords(words: Words, max: number): Words {
  if (words.error === 'Denied') return words;
  return {
    ...words,
    error: 'TooManyHeld',
    detail: `${words.detail} It was not held: ${max} others already wait for a decision.`,
  };
}

function standingWords({ verdict, guidance, untilMs }: Standing, error: string): Omit<Words, 'approval'> {
  const until = new Date(untilMs).toISOString();
  if (verdict === 'Snoozed')
    return {
      error,
      detail: `Nobody decides on this before ${until}: whoever does has put it off.`,
      next: 'Go on without it, or try again then.',
    };
  return {
    error: 'Denied',
    detail: guidance ? `A person has refused this: ${plain(guidance)}` : 'A person has refused this.',
    next: `Do something else; nobody is asked about this again before ${until}.`,
  };
}

/** Words of a person, on one line: the schema lets no control through, and this does not rely on it. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, ' ').slice(0, maxGuidanceLength);
}
