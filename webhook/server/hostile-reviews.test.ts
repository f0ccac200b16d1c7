// Whoever reaches the port may send anything: the answer comes in time, nothing else happens, and the next honest call is answered.
import { request } from 'node:https';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renewServerKeys } from '../../kube/tls/renew-server-keys.ts';
import { sampleRequest, sampleWorld } from '../testing/sample-world.ts';
import { startWebhookServer, type WebhookServer } from './start-webhook-server.ts';
import { createWebhookMetrics } from './webhook-metrics.ts';

/** The API server gives up after this: timeoutSeconds of the chart. */
const timeoutMs = 5_000;
let server: WebhookServer | undefined;
const failures: unknown[] = [];

beforeAll(async () => {
  server = await startWebhookServer({
    host: '127.0.0.1',
    port: 0,
    world: () => sampleWorld(),
    isReady: () => true,
    metrics: createWebhookMetrics(),
    allowScrape: () => Promise.resolve(401),
    onFailure: error => failures.push(error),
  });
  server.setKeys(renewServerKeys(undefined, 'webhook.test', Date.now()));
});
afterAll(() => server?.close());

interface Answer {
  readonly status: number;
  readonly text: string;
}

function post(path: string, body: Buffer | string, contentType = 'application/json'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { port: server?.port, method: 'POST', path, rejectUnauthorized: false, timeout: timeoutMs };
    const sent = request({ ...options, headers: { 'content-type': contentType } }, response => {
      let text = '';
      response.on('data', chunk => (text += String(chunk)));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on('timeout', () => reject(new Error('no answer in time')));
    // A body that is refused before its end: the answer is what counts, where there is one.
    sent.on('error', error =>
      'code' in error && ['EPIPE', 'ECONNRESET'].includes(String(error.code))
        ? resolve({ status: 0, text: '' })
        : reject(error),
    );
    sent.end(body);
  });
}

const reviewOf = (overrides: Parameters<typeof sampleRequest>[0] = {}) =>
  JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: sampleRequest(overrides) });
const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
const inReview = (object: string) =>
  reviewOf().replace(/"object":\{.*\},"oldObject"/, `"object":${object},"oldObject"`);
const spec = (allow: unknown) => ({ ...sampleRequest().object, spec: { sandboxSelector: {}, allow } });

const big = (bytes: number) => reviewOf({ object: spec([{ name: 'x'.repeat(bytes) }]) });

const wide = Array.from({ length: 128 }, (_, rule) => ({
  name: `r${rule}`,
  to: Array.from({ length: 64 }, (_unused, peer) => ({ host: `**.h${peer}.r${rule}.example`, ports: [443] })),
  protocol: rule % 2 === 0 ? 'TLS' : 'HTTP',
  ...(rule % 2 === 0 ? {} : { http: { access: 'Full' } }),
}));

describe.each(['/validate', '/mutate'])('%s', path => {
  test.each<[string, string | Buffer, number]>([
    ['nothing', '', 400],
    ['no JSON', '{', 400],
    ['another kind', JSON.stringify({ apiVersion: 'v1', kind: 'Pod' }), 400],
    ['a review of another version', reviewOf().replace('k8s.io/v1', 'k8s.io/v1beta1'), 400],
    ['a name twice', reviewOf().replace('"uid":', '"uid":"other","uid":'), 400],
    ['a name twice, once escaped', reviewOf().replace('"spec":', '"sp\\u0065c":{},"spec":'), 400],
    ['invalid UTF-8', Buffer.from(reviewOf().replace('a.example', 'a\u00ff.example'), 'latin1'), 400],
    ['half a surrogate', reviewOf().replace('a.example', '\\ud800.example'), 400],
    ['depth 10 000 of arrays', inReview(`${'['.repeat(10_000)}${']'.repeat(10_000)}`), 400],
    ['depth 10 000', inReview(nested(10_000)), 400],
    ['no object where one belongs', inReview('"text"'), 400],
  ])('K28 %s is not judged', async (_what, body, status) => {
    expect((await post(path, body)).status).toBe(status);
  });

  test('K28 3 MB of an object are answered in time, more are refused', async () => {
    const judged = await post(path, big(2_900_000));
    expect(judged.status).toBe(200);
    expect(judged.text.length).toBeLessThan(10_000);
    expect([0, 413]).toContain((await post(path, big(3 * 2 ** 20))).status);
  });

  test('K28 two hundred thousand mistakes are one short answer', async () => {
    const answer = await post(path, reviewOf({ object: spec(Array.from({ length: 200_000 }, () => ({}))) }));
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('"allowed":false');
    expect(answer.text.length).toBeLessThan(50_000);
  });

  test('K28 the widest policy there can be is judged in time', async () => {
    const answer = await post(path, reviewOf({ object: spec(wide) }));
    expect(answer.status).toBe(200);
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'K28 a field called %s is a field',
    async name => {
      const answer = await post(
        path,
        inReview(
          JSON.stringify(sampleRequest().object).replace('"sandboxSelector"', `"${name}":{"x":1},"sandboxSelector"`),
        ),
      );
      expect(answer.text).toContain(`spec.${name}: unknown field`);
    },
  );

  test('another content type, another method, another path', async () => {
    expect((await post(path, reviewOf(), 'text/yaml')).status).toBe(415);
    expect((await post('/elsewhere', reviewOf())).status).toBe(404);
    expect((await post(`${path}/../metrics`, reviewOf())).status).toBe(404);
  });

  test('K27 a forged review is answered like an honest one, whoever it claims to be from, and changes nothing', async () => {
    const forged = reviewOf({ userInfo: { username: 'system:serviceaccount:creel-system:creel-operator' } });
    const first = await post(path, forged);
    expect(JSON.parse(first.text)).toMatchObject({ response: { uid: 'u-1', allowed: true } });
    expect(await post(path, forged)).toEqual(first);
    const templates = reviewOf({
      name: '{{ .Values }}',
      object: { ...spec([]), spec: { sandboxSelector: {}, x: '${process.exit()}' } },
    });
    expect((await post(path, templates)).text).toContain('spec.x: unknown field');
  });
});

test('K28 who sends a byte now and then does not keep a place for long', async () => {
  const socket = connect({ port: server?.port ?? 0, rejectUnauthorized: false });
  socket.on('error', () => undefined).resume();
  const closed = new Promise(resolve => socket.once('close', resolve));
  socket.write('POST /validate HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\ncontent-type: application/json\r\n\r\n{');
  await closed;
}, 60_000);

test('a server on its way out answers, and asks each connection to end', async () => {
  server?.drain();
  const socket = connect({ port: server?.port ?? 0, rejectUnauthorized: false });
  const ended = new Promise(resolve => socket.resume().once('close', resolve));
  const body = reviewOf();
  socket.write(
    `POST /validate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  await ended;
}, 60_000);

test('after all of this an honest call is answered, and nothing has failed inside', async () => {
  expect((await post('/validate', reviewOf())).status).toBe(200);
  expect(failures).toEqual([]);
});
