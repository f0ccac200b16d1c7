import assert from 'node:assert/strict';
import type { RequestHead } from '../../engine/decide/request-decision.ts';
import type { ReadRequest } from './reading.ts';

export interface Decided {
  readonly head: RequestHead;
  /** Where the rule read it. */
  readonly body?: Buffer;
}

export function assertIsWhatPolicySaw(request: ReadRequest, decided: Decided | undefined, expectedHost: string): void {
  const { method, target, host, fields, body } = request;
  const list = (key: string) => {
    const values = fields.filter(([name]) => name.toLowerCase() === key).map(([, value]) => value);
    return values.length === 0 ? undefined : values.join(', ');
  };
  const { head, body: readBody } = decided ?? {};
  assert.deepEqual(
    { method, target, host, type: list('content-type'), encoding: list('content-encoding') },
    {
      method: head?.method,
      target: head?.target,
      host: expectedHost,
      type: head?.contentType,
      encoding: head?.contentEncoding,
    },
  );
  if (readBody !== undefined) assert.ok(readBody.equals(body), 'the body is another than the one that was decided on');
}

export function isWhatPolicySaw(request: ReadRequest, decided: Decided, expectedHost: string): boolean {
  try {
    assertIsWhatPolicySaw(request, decided, expectedHost);
    return true;
  } catch (error) {
    if (error instanceof assert.AssertionError) return false;
    throw error;
  }
}
