import { expect, test } from 'vitest';
import { samplePolicy, sampleRule } from '../../engine/decide/testing/samples.ts';
import type { CompiledRule } from '../../protocol/snapshot.ts';
import { sampleRequest } from '../testing/sample-sandbox.ts';
import { AskPolicy } from './ask-policy.ts';

const rule = (access: 'ReadOnly' | 'ReadWrite'): CompiledRule =>
  sampleRule('Allow', ['api.example.com'], {
    protocol: 'HTTP',
    inspection: { kind: 'HTTP', access, allow: [], deny: [] },
  });
const opaque = sampleRule('Allow', ['api.example.com'], { protocol: 'TLS' });
const egress = { host: 'api.example.com', port: 443, reason: 'RequestNotAllowed' } as const;
const answeredBy = (rules: readonly CompiledRule[], samples: readonly string[]) =>
  new AskPolicy(() => 0).answeredBy(
    samplePolicy({ rules: [...rules] }),
    sampleRequest({ egress }, { phase: 'Pending', samples: [...samples] }),
  );

test.each<[string, readonly CompiledRule[], readonly string[], boolean]>([
  ['every refused request passes now', [rule('ReadWrite')], ['POST /a', 'PUT api.example.com/b'], true],
  ['one of them does not', [rule('ReadWrite')], ['POST /a', 'DELETE /b'], false],
  ['nothing has changed', [rule('ReadOnly')], ['POST /a'], false],
  ['no sample was kept', [rule('ReadWrite')], [], false],
  ['one cannot be read again', [rule('ReadWrite')], ['POST /a', 'CONNECT'], false],
  ['there may have been more', [rule('ReadWrite')], Array.from({ length: 10 }, (_, at) => `POST /${at}`), false],
  ['the host is not looked into any more', [opaque], ['DELETE /a'], true],
  ['no rule speaks of the host', [], ['POST /a'], false],
])('%s', (_what, rules, samples, isAnswered) => {
  expect(answeredBy(rules, samples) !== undefined).toBe(isAnswered);
});
