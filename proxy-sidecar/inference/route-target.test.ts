import { describe, expect, test } from 'vitest';
import type { Route } from '../../protocol/snapshot.ts';
import { routeTarget } from './route-target.ts';

const route = (endpoint: string, overrides: Partial<Route> = {}): Route => ({
  hash: 'h',
  profile: 'p',
  provider: 'OpenAI',
  endpoint,
  allowedCidrs: [],
  model: 'm',
  models: [],
  timeoutMs: 1000,
  maxRequestBytes: 1000,
  ...overrides,
});
const key = (...allowedHosts: string[]) => ({ credential: { secret: 'sk-12345678', allowedHosts } });

test.each([
  ['https://Models.Example/v1', { port: 443, tls: true, basePath: '/v1', authority: 'models.example' }],
  ['https://models.example:8443/api/v1/', { port: 8443, basePath: '/api/v1', authority: 'models.example:8443' }],
  ['https://[2606:4700::1]:444', { basePath: '', authority: '[2606:4700::1]:444' }],
])('%s', (endpoint, target) => expect(routeTarget(route(endpoint))).toMatchObject({ ok: true, target }));

test('plain http is for the cluster', () => {
  expect(routeTarget(route('http://vllm.ns.svc:8000/v1', { addresses: ['10.96.0.5'] }))).toMatchObject({ ok: true });
  expect(routeTarget(route('http://models.example/v1'))).toEqual({ ok: false, problem: 'PlainTextOutsideCluster' });
});

describe('a key goes only where its Secret says', () => {
  test.each([
    [key('models.example'), true],
    [key('MODELS.example.'), true],
    [key('models.example:443'), true],
    [key('models.example:8443'), false],
    [key('evil.example', 'example'), false],
    [key('*.example'), false],
    [key(), false],
  ])('%j: %s', (overrides, ok) => expect(routeTarget(route('https://models.example/v1', overrides)).ok).toBe(ok));
});

describe('is no endpoint', () => {
  test.each([
    'file:///etc/passwd',
    'https://user@models.example/v1',
    'https://models.example/v1#x',
    'https://models.example/v1?key=x',
    'https://models.example/v1/../admin',
    'https://127.1/v1',
    'https://0x7f000001/v1',
    'https://models。example/v1',
    'https:\\\\models.example',
    'https:///v1',
    'unix:/run/x',
  ])('%s', endpoint => expect(routeTarget(route(endpoint))).toEqual({ ok: false, problem: 'BadEndpoint' }));
});
