import { describe, expect, test } from 'vitest';
import { neverApprovable } from './never-approvable.ts';

const never = ['10.96.0.1', '10.10.0.0/16'];
const asked = (host: string, reason = 'NotListed') => neverApprovable({ host, reason }, never);

describe('A18 nobody approves', () => {
  test.each([
    '127.0.0.1',
    '127.8.9.10',
    '::1',
    '0.0.0.0',
    '169.254.169.254',
    'fe80::1',
    'fd00:ec2::254',
    '64:ff9b::a9fe:a9fe',
    '224.0.0.1',
    '10.96.0.1',
    '10.10.3.4',
    'localhost',
    'x.localhost',
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc.cluster.local',
    'metadata.google.internal',
    'instance-data.ec2.internal',
    'inference.local',
    'printer.local',
    'db.svc',
    'host',
    'a..b',
    '0x7f000001',
  ])('%s', host => expect(asked(host)).toBeTypeOf('string'));

  test('a name of the cluster’s own where no policy lists it; where one does, a request to it may be approved', () => {
    expect(asked('git.corp')).toContain('an EgressPolicy may list it');
    expect(asked('git.corp', 'RequestNotAllowed')).toBeUndefined();
    expect(asked('localhost', 'RequestNotAllowed')).toBeTypeOf('string');
  });
});

test.each([
  'paste.example.org',
  '203.0.113.7',
  '10.0.0.5',
  '2001:db8::5',
  'metadata.example.com',
  'my-kubernetes.default.example',
])('%s may be approved', host => expect(asked(host)).toBeUndefined());
