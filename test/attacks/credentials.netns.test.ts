// Credentials of rules: set by the sidecar for their own hosts, seen by nobody else, whatever the agent or upstream sends.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { waitUntil } from '../cluster/base/wait-until.ts';
import { inspect } from '../netns/snapshot-parts.ts';
import { type DataPath, startDataPath } from './data-path.ts';

let path: DataPath;
beforeAll(async () => {
  path = await startDataPath('cd');
});
afterAll(async () => path?.close());
beforeEach(async () => path.reset());

const curl = (...args: readonly string[]) => path.sidecar.runAgent(['curl', '-sS', '-m', '8', '--http1.1', ...args]);
const status = async (...args: readonly string[]) =>
  (await curl('-o', '/dev/null', '-w', '%{http_code}', ...args)).stdout;
const requests = async () => (await path.outside.requests()).map(({ method, path: at }) => `${method} ${at}`);
const auditOf = (method: string) =>
  waitUntil(() => path.sidecar.auditLines.findLast(line => line['method'] === method), {
    what: `an audit line about ${method}`,
    timeoutMs: 5000,
    intervalMs: 5,
  });

const ref = 'team/token/key';
const secret = 'ghp_Secret0123456789';
const signed = { credential: { ref, as: 'Bearer' as const } };

test('reaches upstream in place of what the agent sent, and the agent and the log never see it', async () => {
  await path.hub.apply({
    policy: { rules: [inspect(['api.test'], { access: 'ReadOnly' }, signed)] },
    credentials: [{ ref, secret, allowedHosts: ['api.test'] }],
  });
  const got = await curl('-i', '-H', 'Authorization: Bearer fake', 'https://api.test/me');
  const [request] = await path.outside.requests();
  expect(request?.headers['authorization']).toBe(`Bearer ${secret}`);
  expect(got.stdout).not.toContain(secret);
  await auditOf('GET');
  expect(JSON.stringify(path.sidecar.auditLines)).not.toContain(secret);
});

test.each([
  ['HTTP/1.1', 'api.test', '--http1.1'],
  ['HTTP/2', 'api.test', '--http2'],
  ['HTTP/2 towards an HTTP/1.1 server', 'api.h1.test', '--http2'],
])(
  'that upstream echoes over %s does not reach the agent in any form, nor in a coding',
  async (_way, host, version) => {
    await path.hub.apply({
      policy: { rules: [inspect([host], { access: 'ReadOnly' }, signed)] },
      credentials: [{ ref, secret, allowedHosts: [host] }],
    });
    const got = await curl(version, '-i', '--compressed', `https://${host}/headers`);
    const shown = got.stdout.toLowerCase();
    expect(shown).toMatch(/^x-echo: bearer \*{20}\r$/m);
    expect(shown).toContain(`authorization: bearer ${'*'.repeat(20)}\n`);
    expect(shown).toContain('accept-encoding: identity\n');
    expect(shown).toMatch(/\nall\n$/);
    for (const form of ['utf8', 'hex', 'base64'] as const)
      expect(shown).not.toContain(Buffer.from(secret.slice(2)).toString(form).slice(0, -4).toLowerCase());
    expect(await curl(version, '-i', `https://${host}/headers/gzip`)).toMatchObject({
      stdout: expect.stringMatching(/^HTTP\/\S+ 502[^]*EncodedAnswer/),
    });
    expect((await path.outside.requests())[0]?.headers['authorization']).toBe(`Bearer ${secret}`);
  },
);

test('goes to its own hosts only, over TLS only, and its absence is said', async () => {
  const policy = { rules: [inspect(['api.test'], { access: 'ReadOnly' }, { ...signed, ports: [80, 443] })] };
  await path.hub.apply({ policy, credentials: [{ ref, secret, allowedHosts: ['other.test'] }] });
  expect(await status('https://api.test/')).toBe('503');
  await path.hub.apply({ credentials: [] });
  expect(await status('https://api.test/')).toBe('503');
  await path.hub.apply({ credentials: [{ ref, secret, allowedHosts: ['api.test'] }] });
  expect(await status('http://api.test/')).toBe('503');
  expect(await requests()).toEqual([]);
  expect(await status('https://api.test/')).toBe('200');
});

const sendPlaceholder = (version: string, placeholder: string) => {
  const fields = [
    `Authorization: Bearer ${placeholder}`,
    `X-Api-Key: ${placeholder}`,
    'Referer: https://api.test/',
    'X-Forwarded-Host: api.test',
  ].flatMap(field => ['-H', field]);
  const url = `https://other.test/x?key=${encodeURIComponent(placeholder)}`;
  return curl(version, ...fields, '--data-binary', `{"key":"${placeholder}"}`, url);
};

test('H49 nothing is filled in for what looks like a placeholder: to another host it goes as it is, or not at all', async () => {
  await path.hub.apply({
    policy: {
      rules: [
        inspect(['api.test'], { access: 'Full' }, { ...signed, ports: [80, 443] }),
        inspect(['other.test'], { access: 'Full' }, { ports: [80, 443] }),
      ],
    },
    credentials: [{ ref, secret, allowedHosts: ['api.test'] }],
  });
  const placeholders = ['placeholder', ref, `\${${ref}}`, `{{ ${ref} }}`, `creel:${ref}`, `secret://${ref}`, '$SECRET'];
  for (const placeholder of placeholders)
    for (const version of ['--http1.1', '--http2']) await sendPlaceholder(version, placeholder);
  const arrived = await path.outside.requests();
  expect(arrived.map(({ headers }) => headers['authorization'])).toEqual(
    placeholders.flatMap(placeholder => [`Bearer ${placeholder}`, `Bearer ${placeholder}`]),
  );
  const everything = JSON.stringify(arrived).toLowerCase();
  for (const form of ['utf8', 'hex', 'base64'] as const)
    expect(everything).not.toContain(Buffer.from(secret).toString(form).replace(/.?=*$/, '').toLowerCase());
  // The name of its own host on another's connection opens nothing either.
  expect(await status('--connect-to', 'api.test:443:other.test:443', 'https://api.test/')).not.toBe('200');
  expect(await status('-H', 'Host: api.test', 'https://other.test/')).toBe('421');
  expect(await requests()).toHaveLength(arrived.length);
  // Control: its own host gets it, whatever the agent wrote there.
  expect(await status('-H', `Authorization: Bearer ${placeholders[0]}`, 'https://api.test/')).toBe('200');
  expect((await path.outside.requests()).at(-1)?.headers['authorization']).toBe(`Bearer ${secret}`);
});
