// The agent's program: node chat.mjs URL MESSAGE
import { WebSocket } from 'ws';

const [, , url = '', message = ''] = process.argv;
const socket = new WebSocket(url);
socket.on('open', () => socket.send(message));
socket.on('message', data => {
  process.exitCode = 0;
  console.log(`message ${(data as Buffer).toString()}`);
  socket.close();
});
socket.on('error', error => console.log(`error ${error.message}`));
process.exitCode = 1;
socket.on('close', (code, reason) => console.log(`closed ${code} ${String(reason)}`));
