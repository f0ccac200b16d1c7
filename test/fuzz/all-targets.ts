import type { FuzzTarget } from './fuzz-target.ts';
import { addressTarget } from './targets/address-target.ts';
import { chunkedTarget } from './targets/chunked-target.ts';
import { clientHelloTarget } from './targets/client-hello-target.ts';
import { dnsTarget } from './targets/dns-target.ts';
import { graphqlTarget } from './targets/graphql-target.ts';
import { hostTarget } from './targets/host-target.ts';
import { http2Target } from './targets/http2-target.ts';
import { jsonTarget } from './targets/json-target.ts';
import { requestHeadTarget } from './targets/request-head-target.ts';
import { requestTargetTarget } from './targets/request-target-target.ts';
import { responseHeadTarget } from './targets/response-head-target.ts';
import { websocketTarget } from './targets/websocket-target.ts';

export const allTargets: readonly FuzzTarget[] = [
  hostTarget,
  addressTarget,
  clientHelloTarget,
  dnsTarget,
  requestHeadTarget,
  responseHeadTarget,
  chunkedTarget,
  requestTargetTarget,
  http2Target,
  websocketTarget,
  jsonTarget,
  graphqlTarget,
];
