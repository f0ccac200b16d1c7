// What names resolved to a moment ago, so that a program that opens many connections asks once. Only what may be dialled at all gets
// here, after it was allowed, and each connection classifies and pins the answers anew under the policy that is in force then.
import type { Resolved } from './resolve-name.ts';

export interface AnswerMemory {
  /** Of a canonical name that is allowed, by these servers; connections that ask at the same time share one question. */
  resolve(name: string, resolvers: readonly string[]): Promise<Resolved>;
  /** Its addresses did not answer: the next connection asks for others. */
  forget(name: string): void;
  /** Questions under way are answered, but not remembered. */
  clear(): void;
}

export interface AnswerMemoryOptions {
  readonly ask: (name: string, resolvers: readonly string[]) => Promise<Resolved>;
  /** A clock that is never set back, ms. */
  readonly nowMs: () => number;
  readonly maxNames?: number;
}

/** Whatever their time to live: a server that moves is found again within this. */
const longestMs = 10_000;
const usualMaxNames = 1024;

interface Known {
  readonly resolvers: string;
  /** Undefined while it is asked for. */
  readonly untilMs?: number;
  readonly answer: Promise<Resolved>;
}

/** Failures and names that do not exist are not remembered. */
export function createAnswerMemory({ ask, nowMs, maxNames = usualMaxNames }: AnswerMemoryOptions): AnswerMemory {
  /** The oldest first. */
  const names = new Map<string, Known>();

  async function askAnew(name: string, servers: readonly string[], resolvers: string): Promise<Resolved> {
    const asked: Known = { resolvers, answer: ask(name, servers) };
    names.delete(name);
    makeRoom();
    names.set(name, asked);
    const isCurrent = () => names.get(name) === asked;
    try {
      const answer = await asked.answer;
      if (!isCurrent()) return answer;
      const holdsMs = answer.ok ? Math.min(answer.ttlSeconds * 1000, longestMs) : 0;
      if (holdsMs > 0) names.set(name, { ...asked, untilMs: nowMs() + holdsMs });
      else names.delete(name);
      return answer;
    } catch (error) {
      if (isCurrent()) names.delete(name);
      throw error;
    }
  }

  function makeRoom(): void {
    for (const name of names.keys()) {
      if (names.size < maxNames) return;
      names.delete(name);
    }
  }

  return {
    async resolve(name, servers) {
      const resolvers = servers.join();
      const known = names.get(name);
      const isUsable = known?.resolvers === resolvers && (known.untilMs === undefined || nowMs() < known.untilMs);
      return isUsable ? known.answer : askAnew(name, servers, resolvers);
    },
    forget: name => void names.delete(name),
    clear: () => names.clear(),
  };
}
