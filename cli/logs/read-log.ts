// The log of one container of a sandbox, line by line; followed, through restarts and new pods.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import type { Api } from '../kube/api.ts';
import { ApiError } from '../kube/api-error.ts';
import { creelPath } from '../kube/paths.ts';
import { type PodLogOptions, podLogPath } from '../kube/pod-log-path.ts';
import { UserError } from '../user-error.ts';

export interface LogRequest extends Pick<PodLogOptions, 'container' | 'tailLines' | 'sinceSeconds' | 'previous'> {
  readonly sandbox: string;
  readonly follow: boolean;
  /** What keeps us waiting, once each time it changes. */
  readonly onWait: (why: string) => void;
}

const pauseMs = 1000;

export async function* readLog(api: Api, request: LogRequest, signal: AbortSignal): AsyncGenerator<string> {
  const { sandbox: name, follow, onWait, ...options } = request;
  const path = creelPath(api.namespace, 'sandboxes', name);
  let last: string | undefined;
  let said: string | undefined;
  while (!signal.aborted) {
    const sandbox = await api.get<Sandbox>(path);
    const { pod, phase = 'Unknown' } = sandbox.status ?? {};
    if (pod !== undefined) {
      // Once something was read, only what is newer is asked for.
      const from = last === undefined ? options : { container: options.container, sinceTime: last };
      try {
        for await (const line of api.lines(
          podLogPath(api.namespace, pod, { ...from, follow, timestamps: true }),
          signal,
        )) {
          const [, time = '', text = line] = /^(\d{4}-\S+Z) (.*)$/s.exec(line) ?? [];
          if (last !== undefined && time <= last) continue;
          if (time !== '') last = time;
          said = undefined;
          yield text;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!follow || !isPassing(error)) throw error;
      }
    } else if (!follow) throw noPod(api.namespace, name, phase);
    if (!follow || phase === 'Completed' || phase === 'Failed') return;
    const why =
      pod === undefined
        ? `${name} is ${phase} and has no pod; waiting for one`
        : `the log of ${pod} has ended; waiting for more`;
    if (why !== said) onWait(why);
    said = why;
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

/** A container that is about to start (400), a pod that has just gone (404), a connection that broke. */
function isPassing(error: unknown): boolean {
  return !(error instanceof ApiError) || error.status === 400 || error.status === 404 || error.status >= 500;
}

function noPod(namespace: string, name: string, phase: string): UserError {
  const creel = `kubectl creel -n ${namespace}`;
  return new UserError(`sandbox ${name} is ${phase} and has no pod, so there is no log`, {
    try: [
      `${creel} describe ${name}`,
      ...(phase === 'Suspended'
        ? [`${creel} sandbox resume ${name}`]
        : [`${creel} logs ${name} -f    # waits for one`]),
    ],
  });
}
