import { expect, test } from 'vitest';
import { buildRequest } from './build-request.ts';

const peer = { sandboxUid: 'uid-1', namespace: 'team', sandbox: 'box', podUid: 'pod-1', address: '10.0.0.1' };
const frame = { type: 'denial', host: 'paste.example', port: 443, reason: 'NotListed', count: 1 };
const annotationsOf = (from: typeof peer & { createdBy?: string }) =>
  buildRequest(from, frame as unknown as Parameters<typeof buildRequest>[1], { round: 0, denials: 0 }).metadata
    .annotations;

test('a request says who made the Sandbox that asks: they may not approve it where duties are separate', () => {
  expect(annotationsOf({ ...peer, createdBy: 'erin' })).toMatchObject({ 'creel.dev/created-by': 'erin' });
  expect(annotationsOf(peer)).not.toHaveProperty('creel.dev/created-by');
});
