import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { egressPolicySchema } from '../../../crds/schema/egress-policy.ts';
import { formatDocuments } from '../../output/format-documents.ts';
import { formatReport } from './format-report.ts';
import { importPolicy } from './import-policy.ts';

const fixtures = join(import.meta.dirname, 'testing/fixtures');
const options = { name: 'imported', anyBinary: false };

/** A policy of one endpoint, with more lines behind it. */
const oneEndpoint = (endpoint: string, more = '    binaries: [{path: /usr/bin/curl}]') =>
  `version: 1\nnetwork_policies:\n  one:\n    endpoints:\n    - ${endpoint}\n${more}\n`;
const problems = (text: string) =>
  importPolicy(text, options)
    .findings.filter(({ kind }) => kind === 'Refused')
    .map(({ path, line, message }) => `${line} ${path}: ${message}`);

describe.each(['nemoclaw-baseline', 'every-protocol'])('%s', name => {
  const text = readFileSync(join(fixtures, `${name}.yaml`), 'utf8');
  const imported = importPolicy(text, { name, anyBinary: true, namespace: 'agents', sandbox: 'box' });

  test('becomes what it became before', async () => {
    await expect(`${formatDocuments(imported.documents, 'yaml')}\n`).toMatchFileSnapshot(
      join(fixtures, `${name}.golden.yaml`),
    );
  });
  test('is reported as before', async () => {
    await expect(`${formatReport(imported.findings, name)}\n`).toMatchFileSnapshot(
      join(fixtures, `${name}.golden.txt`),
    );
  });
  test('is of our schema, and the report fits a terminal', () => {
    expect(egressPolicySchema.safeParse(imported.documents[0]).error).toBeUndefined();
    expect(
      Math.max(
        ...formatReport(imported.findings, name)
          .split('\n')
          .map(line => line.length),
      ),
    ).toBeLessThanOrEqual(80);
  });
});

test('an entry without binaries asks for a choice', () => {
  expect(problems(oneEndpoint('{host: a.example.org, port: 443}', ''))).toEqual([
    expect.stringContaining('3 network_policies.one.binaries: no binaries'),
  ]);
});

test('nothing comes out where anything is refused', () => {
  expect(importPolicy(oneEndpoint('{host: a.example.org, port: 443, hots: b}'), options).documents).toEqual([]);
});

describe('P27 YAML that two parsers could read in two ways is refused with its line', () => {
  test.each([
    ['a key twice', 'version: 1\nversion: 1\n', '2 (yaml): the same key twice in one map; keep one of them'],
    ['an anchor', 'version: &v 1\n', '1 (yaml): anchor &v; write the value out where it is used'],
    ['an alias', 'a: &v 1\nversion: *v\n', '2 (yaml): alias *v; write the value out'],
    [
      'a merge key',
      'version: 1\nlandlock:\n  <<: {compatibility: best_effort}\n',
      '3 landlock: merge key <<; write the values out',
    ],
    ['a tag', 'version: !!int "1"\n', '1 (yaml): tag tag:yaml.org,2002:int; a policy has plain values only, remove it'],
    [
      'a tag of its own',
      'version: 1\nlandlock: !x {}\n',
      '2 (yaml): tag !x; a policy has plain values only, remove it',
    ],
    ['a second document', 'version: 1\n---\nversion: 1\n', 'a second document begins here'],
    ['a directive', '%YAML 1.1\n---\nversion: 1\n', '1 (document): a %YAML directive'],
    ['a key that is a list', 'version: 1\n? [a]\n: 1\n', 'a key that is no plain text'],
    [
      'an octal port',
      oneEndpoint('{host: a.example.org, port: 0443}'),
      '5 network_policies.one.endpoints[0].port: 0443 is not a plain decimal',
    ],
    ['a new octal port', oneEndpoint('{host: a.example.org, port: 0o673}'), '0o673 is not a plain decimal'],
    ['a hexadecimal port', oneEndpoint('{host: a.example.org, port: 0x1bb}'), '0x1bb is not a plain decimal'],
    ['nothing', '', '1 (document): empty'],
    ['a nest', '['.repeat(5000), '(yaml):'],
    ['a bomb', 'a: &a [1,1]\nb: &b [*a,*a]\nc: &c [*b,*b]\nversion: 1\n', '3 (yaml): alias *b'],
  ])('%s', (_what, text, expected) => {
    expect(problems(text).join('\n')).toContain(expected);
  });
});

describe('schema errors name path and line', () => {
  test.each([
    ['no version', 'network_policies: {}\n', 'version: missing'],
    ['version 2', 'version: 2\n', 'version: must be a whole number from 1 to 1, not 2'],
    ['an unknown key', 'version: 1\nnetworks: {}\n', '2 networks: unknown key'],
    [
      'an unknown key of an endpoint',
      oneEndpoint('{host: a.example.org, port: 443, hots: b}'),
      'endpoints[0].hots: unknown key',
    ],
    [
      'a reserved key',
      'version: 1\nnetwork_policies:\n  _provider_x: {endpoints: [], binaries: [{path: /a}]}\n',
      'reserved',
    ],
    ['both port styles', oneEndpoint('{host: a.example.org, port: 443, ports: [443]}'), 'port beside ports'],
    ['no port', oneEndpoint('{host: a.example.org}'), 'no port'],
    ['port 0', oneEndpoint('{host: a.example.org, port: 0}'), 'from 1 to 65535, not 0'],
    ['no host', oneEndpoint('{port: 443}'), 'neither host nor allowed_ips'],
    [
      'an unknown protocol',
      oneEndpoint('{host: a.example.org, port: 443, protocol: soap}'),
      '"soap" is none of tcp, rest',
    ],
    [
      'access beside rules',
      oneEndpoint(
        '{host: a.example.org, port: 443, protocol: rest, access: full, rules: [{allow: {method: GET, path: /a}}]}',
      ),
      'access beside rules',
    ],
    [
      'a protocol without rules',
      oneEndpoint('{host: a.example.org, port: 443, protocol: rest}'),
      'needs access or rules',
    ],
    [
      'rules that are empty',
      oneEndpoint('{host: a.example.org, port: 443, protocol: rest, rules: []}'),
      'rules: is empty',
    ],
    [
      'a rule without allow',
      oneEndpoint('{host: a.example.org, port: 443, protocol: rest, rules: [{method: GET}]}'),
      'must hold `allow`',
    ],
    [
      'a path with dots',
      oneEndpoint('{host: a.example.org, port: 443, protocol: rest, rules: [{allow: {method: GET, path: /a/../b}}]}'),
      'DotSegment',
    ],
    ['a host that is none', oneEndpoint('{host: "a b", port: 443}'), 'no canonical name'],
    [
      'metadata addresses',
      oneEndpoint('{host: a.example.org, port: 443, allowed_ips: [169.254.0.0/16]}'),
      'allowed_ips 169.254.0.0/16',
    ],
    ['a writable root', 'version: 1\nfilesystem_policy: {read_write: [/]}\n', '/ cannot be writable'],
    [
      'inspected and opaque on one host',
      oneEndpoint(
        '{host: a.example.org, port: 443}\n    - {host: a.example.org, port: 443, protocol: rest, access: full}',
      ),
      'a.example.org:443 is inspected by one rule and opaque',
    ],
    ['user 0', 'version: 1\nprocess: {run_as_user: "0"}\n', '0 is neither sandbox nor an id'],
  ])('%s', (_what, text, expected) => {
    expect(problems(text).join('\n')).toContain(expected);
  });
});

describe('a restriction that has no like here leaves its endpoint out', () => {
  test.each([
    [
      'mcp',
      '{host: a.example.org, port: 443, protocol: mcp, rules: [{allow: {method: "*"}}], deny_rules: [{method: tools/call, tool: rm}]}',
    ],
    [
      'graphql',
      '{host: a.example.org, port: 443, protocol: graphql, access: full, deny_rules: [{operation_type: mutation}]}',
    ],
    [
      'websocket',
      '{host: a.example.org, port: 443, protocol: websocket, rules: [{allow: {method: GET, path: /a, query: {k: v}}}]}',
    ],
    [
      'rest with a selector that no pattern narrows',
      '{host: a.example.org, port: 443, path: "/a/*/c", protocol: rest, rules: [{allow: {method: GET, path: "/a/b/**"}}]}',
    ],
    [
      'rest with such a deny',
      '{host: a.example.org, port: 443, path: "/a/*/c", protocol: rest, access: full, deny_rules: [{method: GET, path: "/a/b/**"}]}',
    ],
  ])('%s', (_what, endpoint) => {
    const { documents, findings } = importPolicy(oneEndpoint(endpoint), options);
    expect(documents[0]).toMatchObject({ spec: expect.not.objectContaining({ allow: expect.anything() }) });
    expect(findings.map(({ kind }) => kind)).toContain('Unsupported');
  });
});
