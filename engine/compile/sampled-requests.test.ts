import { expect, test } from 'vitest';
import { sampledRequests } from './sampled-requests.ts';

const read = (...samples: string[]) => sampledRequests('api.example.com', samples);

test('samples become requests with canonical paths, each once', () => {
  expect(read('GET /a%62c', 'GET /abc', 'POST api.example.com/v1/%2fx', 'DELETE /')).toEqual([
    { method: 'GET', path: '/abc' },
    { method: 'POST', path: '/v1/%2Fx' },
    { method: 'DELETE', path: '/' },
  ]);
});

test.each([
  ['a connection', 'api.example.com:443'],
  ['another host', 'GET other.example.com/a'],
  ['a path with two readings', 'GET /a/../b'],
  ['an encoded backslash', 'GET /a%5cb'],
  ['a method in lower case', 'get /a'],
  ['three words', 'GET /a HTTP/1.1'],
  ['a sample that may have been cut', `GET /${'a'.repeat(507)}`],
])('%s makes none', (_what, sample) => expect(read(sample)).toEqual([]));
