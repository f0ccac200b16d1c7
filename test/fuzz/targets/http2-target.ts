import assert from 'node:assert/strict';
import { headerField } from '../../../proxy-sidecar/http/header-fields.ts';
import { defaultHttpLimits } from '../../../proxy-sidecar/http/http-limits.ts';
import { parseRequestHead } from '../../../proxy-sidecar/http/parse-request-head.ts';
import { serializeRequestHead } from '../../../proxy-sidecar/http/serialize-head.ts';
import { admitHttp2Request } from '../../../proxy-sidecar/http2/admit-request.ts';
import { corpusOf, type FuzzTarget } from '../fuzz-target.ts';

const gate = { host: 'example.com', port: 443, defaultPort: 443 };

/** Whatever is admitted can be said in HTTP/1.1 and means the same there: the downgrade smuggles nothing. */
export const http2Target: FuzzTarget = {
  name: 'http2',
  corpus: corpusOf('http2'),
  tokens: [
    '\n',
    '\r\n',
    ':method\nGET\n',
    ':authority\nevil.example\n',
    'host\nevil.example\n',
    'Upper\nx\n',
    'connection\nclose\n',
    'transfer-encoding\nchunked\n',
    'content-length\n7\n',
    ':protocol\nwebsocket\n',
    '\0',
    ' ',
    ':',
    'te\ngzip\n',
    '/../',
  ],
  check: bytes => {
    const raw = bytes.toString('latin1').split('\n');
    if (raw.length % 2 === 1) raw.push('');
    for (const endsStream of [true, false]) {
      const admitted = admitHttp2Request(raw, endsStream, gate, defaultHttpLimits);
      if (!admitted.ok) continue;
      const { head, fields } = admitted.request;
      const lines = [headerField('Host', gate.host), ...fields];
      const again = parseRequestHead(serializeRequestHead(head.method, head.target, lines), 443, defaultHttpLimits);
      assert.ok(again.ok, again.ok ? '' : again.problem);
      assert.equal(again.head.method, head.method);
      assert.equal(again.head.target, head.target);
      assert.deepEqual(
        again.head.fields,
        // An empty cookie crumb leaves a blank at the end, which HTTP/1.1 does not count.
        lines.map(field => ({ ...field, value: field.value.replace(/^[ \t]+|[ \t]+$/g, '') })),
      );
      assert.equal(again.head.framing.kind, 'None');
    }
  },
};
