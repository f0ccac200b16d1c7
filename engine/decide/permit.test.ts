import { expect, test } from 'vitest';
import { createDecider } from './decider.ts';
import { classifyAnswers, type Permit } from './permit.ts';
import { routeAllow } from './route-allow.ts';
import { sampleGrants, samplePolicy, sampleRule, sampleTarget } from './testing/samples.ts';

const privately = sampleRule('Allow', ['git.corp.example'], { allowedCidrs: ['10.20.0.0/16'] });
const openly = sampleRule('Allow', ['www.example.com']);
const denied = sampleRule('Deny', ['203.0.114.0/24']);
const decider = createDecider(
  samplePolicy({ rules: [privately, openly, denied], neverAddresses: ['10.20.0.9', '93.184.216.99'] }),
  sampleGrants(),
  () => 0,
);

function pin(host: string, answers: readonly string[]) {
  const target = sampleTarget(host);
  const allow = decider.decide(target);
  if (allow.verdict !== 'Allow') throw new Error(allow.verdict);
  return classifyAnswers({ ...target, allow }, answers, decider);
}

test.each([
  ['public answers are pinned in order', 'www.example.com', ['93.184.216.34', '1.1.1.1'], ['93.184.216.34', '1.1.1.1']],
  ['at most three', 'www.example.com', ['1.0.0.1', '1.0.0.2', '1.0.0.3', '1.0.0.4'], ['1.0.0.1', '1.0.0.2', '1.0.0.3']],
  ['D07 blocked ones among them are no fallback', 'www.example.com', ['127.0.0.1', '10.0.0.1', '1.1.1.1'], ['1.1.1.1']],
  ['an address given twice is tried once', 'www.example.com', ['1.1.1.1', '::ffff:1.1.1.1'], ['1.1.1.1']],
  ['allowedCidrs open their block', 'git.corp.example', ['10.20.1.1'], ['10.20.1.1']],
])('%s', (_what, host, answers, addresses) =>
  expect(pin(host, answers)).toMatchObject({ verdict: 'Permit', host, port: 443, addresses }),
);

test.each([
  ['private', 'www.example.com', ['10.0.0.1'], 'Private'],
  ['metadata', 'www.example.com', ['::ffff:169.254.169.254'], 'Metadata'],
  ['never-addresses, even inside allowedCidrs', 'git.corp.example', ['10.20.0.9'], 'Never'],
  ['public never-addresses', 'www.example.com', ['93.184.216.99'], 'Never'],
  ['a denied block', 'www.example.com', ['203.0.114.5'], 'DenyRule'],
  ['another private block', 'git.corp.example', ['10.21.0.1'], 'Private'],
  ['documentation', 'www.example.com', ['192.0.2.1'], 'Documentation'],
  ['no answer at all', 'www.example.com', [], undefined],
  ['garbage', 'www.example.com', ['0x7f.1', 'localhost'], undefined],
])('N21, D08, D10 nothing is dialled for %s', (_what, host, answers, addressClass) => {
  const result = pin(host, answers);
  expect(result).toMatchObject({ verdict: 'Deny', reason: 'NoUsableAddress' });
  expect('addressClass' in result ? result.addressClass : undefined).toBe(addressClass);
});

test('a route pins its Service and nothing else', () => {
  const route = { profile: 'vllm', addresses: ['10.96.5.5'], allowedCidrs: [] };
  const target = sampleTarget('vllm.ns.svc', 8000);
  const result = classifyAnswers({ ...target, allow: routeAllow(route) }, ['6.6.6.6'], decider);
  expect(result).toMatchObject({ verdict: 'Permit', addresses: ['10.96.5.5'] });
});

test('nothing else type-checks as a permit', () => {
  // @ts-expect-error -- the brand is this file's alone
  const forged: Permit = { verdict: 'Permit', host: 'a', port: 1, addresses: [], allow: undefined as never };
  expect(forged.addresses).toEqual([]);
});
