import { expect, test } from 'vitest';
import { compileCredential } from './compile-credential.ts';

const compile = (header: string) =>
  compileCredential(
    {
      name: 'r',
      to: [{ hosts: ['api.example'] }],
      credential: { secretRef: { name: 's', key: 'k' }, as: 'Header', header },
    } as unknown as Parameters<typeof compileCredential>[0],
    'team',
  ).problems.map(({ reason }) => reason);

test.each(['X-HTTP-Method-Override', 'X-Method-Override', 'X-Original-URL', 'X-Rewrite-URL', 'X-Host', 'Host'])(
  'a Secret in %s would make another request of one that a cluster policy has judged',
  header => {
    expect(compile(header)).toEqual(['BadCredential']);
  },
);

test.each(['X-Api-Key', 'Authorization', 'X-Goog-Api-Key', 'Cookie'])('%s may carry a credential', header => {
  expect(compile(header)).toEqual([]);
});
