// A sidecar that was taken over talks as fast as it can: it is read no faster than the bound, and loses nothing.
import { once } from 'node:events';
import { connect } from 'node:http2';
import { expect, test } from 'vitest';
import { renewServerKeys, trustBundle } from '../../kube/tls/renew-server-keys.ts';
import { hubServerName } from '../../protocol/constants.ts';
import { protocolVersion, sessionPath } from '../../protocol/session.ts';
import { Session, type SessionPeer } from './session.ts';
import { startHubServer } from './start-hub-server.ts';

const keys = renewServerKeys(undefined, hubServerName, Date.now());
const peer: SessionPeer = { sandboxUid: 'u', namespace: 'n', sandbox: 's', podUid: 'p', address: '127.0.0.1' };
const sent = 10_000;
const allowedAtOnce = 4_000;
const perSecond = 2_000;
/** What one read may hold beyond the bound. */
const slack = 1_500;

test('of ten thousand frames at once four thousand are read, then two thousand a second', async () => {
  const stop = new AbortController();
  let read = 0;
  let firstMs = 0;
  let worst = 0;
  const report = () => {
    if (read++ === 0) firstMs = performance.now();
    worst = Math.max(worst, read - allowedAtOnce - ((performance.now() - firstMs) / 1000) * perSecond);
  };
  const events = { hello: () => undefined, acked: () => undefined, denial: () => undefined, report };
  const server = await startHubServer(
    {
      host: '127.0.0.1',
      port: 0,
      forbiddenPort: 0,
      keys,
      authenticate: async () => ({ ok: true, peer, expiresAtMs: Date.now() + 3_600_000 }),
      openSession: (who, transport, canaries) => new Session(who, transport, events, canaries),
      sessionEnded: () => undefined,
      refused: () => undefined,
    },
    stop.signal,
  );
  const client = connect(`https://127.0.0.1:${server.port}`, { ca: trustBundle(keys), servername: hubServerName });
  const stream = client.request({ ':method': 'POST', ':path': sessionPath, authorization: 'Bearer x' });
  stream.on('error', () => undefined).resume();
  client.on('error', () => undefined);
  await once(stream, 'response');
  stream.write(`${JSON.stringify({ type: 'hello', protocol: protocolVersion, sidecar: 'x' })}\n`);
  const frame = `${JSON.stringify({ type: 'health', fence: 'Verified', message: '' })}\n`;
  stream.write(frame.repeat(sent));
  await expect.poll(() => read, { timeout: 60_000 }).toBe(sent);
  expect(worst).toBeLessThan(slack);
  client.destroy();
  stop.abort();
}, 90_000);
