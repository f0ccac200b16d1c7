// Keys as last read, by namespace and Secret; who compiles routes hears of a change in the same tick.
import type { CredentialState } from './credential-state.ts';

type Listener = (namespace: string) => void;
type CredentialUser = 'Profiles' | 'Rules';

export class CredentialCache {
  readonly #states = new Map<string, CredentialState>();
  readonly #needed: Readonly<Record<CredentialUser, Map<string, ReadonlySet<string>>>> = {
    Profiles: new Map(),
    Rules: new Map(),
  };
  readonly #listeners = new Set<Listener>();

  readonly get = (namespace: string, secret: string): CredentialState =>
    this.#states.get(`${namespace}/${secret}`) ?? { state: 'Unread' };

  set(namespace: string, secret: string, next: CredentialState): void {
    const before = this.get(namespace, secret);
    this.#states.set(`${namespace}/${secret}`, next);
    if (fingerprint(before) === fingerprint(next)) return;
    for (const listener of this.#listeners) listener(namespace);
  }

  /** What this user needs of the namespace's Secrets; those that nobody needs any more go out of memory. */
  retain(user: CredentialUser, namespace: string, secrets: ReadonlySet<string>): void {
    this.#needed[user].set(namespace, secrets);
    if (secrets.size === 0) this.#needed[user].delete(namespace);
    for (const key of this.#states.keys())
      if (key.startsWith(`${namespace}/`) && !this.#isNeeded(namespace, key.slice(namespace.length + 1)))
        this.#states.delete(key);
  }

  #isNeeded(namespace: string, secret: string): boolean {
    return Object.values(this.#needed).some(byNamespace => byNamespace.get(namespace)?.has(secret) === true);
  }

  subscribe(listener: Listener, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }
}

function fingerprint(state: CredentialState): string {
  return state.state === 'Read' ? JSON.stringify([[...state.values], state.allowedHosts]) : JSON.stringify(state);
}
