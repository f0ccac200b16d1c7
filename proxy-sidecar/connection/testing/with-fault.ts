// Makes one call of one port of a connection's context go wrong.
import type { ConnectionContext } from '../connection-context.ts';

/** A port that answers later may also reject. */
export type FaultKind = 'throws' | 'rejects';

export interface PortWatch {
  /** Before each use of a port; `policy.decider` counts as one. */
  readonly onCall: (port: string) => FaultKind | undefined;
  /** A call of it has answered with a promise. */
  readonly onPromise: (port: string) => void;
}

type Port = (...args: readonly unknown[]) => unknown;

export function withFaults(context: ConnectionContext, watch: PortWatch): ConnectionContext {
  return wrap(context, '', watch) as ConnectionContext;
}

/** These are read or belong to the platform: they have no calls that could go wrong. */
const plain = new Set(['signal', 'policy.inForce', 'policy.revisionText', 'policy.route']);

function wrap(target: object, prefix: string, watch: PortWatch): object {
  return new Proxy(target, {
    get(of, key) {
      const name = `${prefix}${String(key)}`;
      if (name === 'policy.decider') void fail(name, watch.onCall(name));
      const value: unknown = Reflect.get(of, key);
      if (plain.has(name)) return value;
      if (typeof value === 'function') return faulty(name, (value as Port).bind(of), watch);
      return typeof value === 'object' && value !== null && prefix === '' ? wrap(value, `${name}.`, watch) : value;
    },
  });
}

function faulty(name: string, port: Port, { onCall, onPromise }: PortWatch): Port {
  return (...args) => {
    const failed = fail(name, onCall(name));
    if (failed !== undefined) return failed;
    const result = port(...args);
    if (result instanceof Promise) onPromise(name);
    return result;
  };
}

function fail(name: string, kind: FaultKind | undefined): Promise<never> | undefined {
  if (kind === undefined) return undefined;
  const error = new Error(`injected: ${name} ${kind}`);
  if (kind === 'rejects') return Promise.reject(error);
  throw error;
}
