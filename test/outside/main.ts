// The one process of an outside world, run inside its network namespace by createOutside:
//   node test/outside/main.ts FOLDER [--owned]
// FOLDER holds its CA and the control socket. With --owned it ends when its standard input does.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { outsidePorts } from './control-protocol.ts';
import { startControlServer } from './server/control-server.ts';
import { startDnsServer } from './server/dns-server.ts';
import { createState } from './server/state.ts';
import { Listeners } from './server/tcp-services.ts';
import { openTestCa } from './server/test-ca.ts';
import { startUdpEcho } from './server/udp-echo.ts';

const [folder, lifetime] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('outside: usage: node test/outside/main.ts FOLDER [--owned]\n');
  process.exit(2);
}
if (lifetime === '--owned') process.stdin.on('end', () => process.exit(0)).resume();
process.on('SIGTERM', () => process.exit(0));

const state = createState(openTestCa(folder));
const listeners = new Listeners(state);
await startDnsServer(state);
await startUdpEcho();
await listeners.listen(outsidePorts.http, { kind: 'http' });
await listeners.listen(outsidePorts.https, { kind: 'https' });
await listeners.listen(outsidePorts.model, { kind: 'http' }, 'model');
await listeners.listen(outsidePorts.echo, { kind: 'echo' });
await listeners.listen(outsidePorts.sink, { kind: 'sink' });
await listeners.listen(outsidePorts.ssh, { kind: 'banner', text: 'SSH-2.0-CreelOutside\r\n' });
await listeners.listen(outsidePorts.smtp, { kind: 'banner', text: '220 outside.test ready\r\n' });
// Last: whoever can connect here finds everything else listening.
const socketPath = join(folder, 'control.sock');
rmSync(socketPath, { force: true });
await startControlServer(state, listeners, socketPath);
