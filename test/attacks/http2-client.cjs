// An HTTP/2 client of the agent: `node -e THIS URL '[["GET", "/path", {fields}, "body", {trailers}], ...]'`, one connection.
// A line of JSON for what each stream sees, and a request more on the same connection for every line of standard input.
const { connect } = require('node:http2');
const [origin, requests] = process.argv.slice(1);
const session = connect(origin);
const tell = event => process.stdout.write(`${JSON.stringify({ ...event, atMs: Date.now() })}\n`);
let open = 0;

function ask([method, path, fields = {}, body, trailers]) {
  open++;
  const options = { endStream: body === undefined, waitForTrailers: trailers !== undefined };
  const stream = session.request({ ...fields, ':method': method, ':path': path }, options);
  const seen = { path, body: '' };
  stream.setEncoding('utf8');
  stream.on('response', headers => tell({ event: 'head', path, status: headers[':status'] }));
  stream.on('data', text => (seen.body += text));
  stream.on('trailers', headers => (seen.trailers = headers));
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.on('error', () => undefined);
  stream.on('close', () => {
    tell({ event: 'end', ...seen, code: stream.rstCode });
    if (--open === 0) session.close();
  });
  if (body !== undefined) stream.end(body);
}

session.on('error', error => tell({ event: 'session', error: error.message }));
session.on('close', () => process.exit());
for (const request of JSON.parse(requests)) ask(request);
require('node:readline')
  .createInterface({ input: process.stdin })
  .on('line', line => ask(JSON.parse(line)));
