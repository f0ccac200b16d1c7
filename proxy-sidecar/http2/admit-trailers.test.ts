import { expect, test } from 'vitest';
import { defaultHttpLimits } from '../http/http-limits.ts';
import { admitTrailers } from './admit-response.ts';

const kept = (...names: readonly string[]) =>
  admitTrailers(
    names.flatMap(name => [name, 'x']),
    defaultHttpLimits,
  )?.map(({ key }) => key);

test.each(['x-http-method-override', 'x-original-url', 'x_forwarded_host', 'authorization', 'content-length'])(
  'a trailer is no place for %s, which its head could not have said either',
  name => {
    expect(kept('grpc-status', name, 'x-checksum')).toEqual(['grpc-status', 'x-checksum']);
  },
);
