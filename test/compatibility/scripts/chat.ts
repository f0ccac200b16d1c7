// The agent's program: node chat.mjs URL MESSAGE
import { WebSocket } from 'ws';

const [, , url = '', message = ''] = process.argv;
const socket = new WebSocket(url);
socket.on('open', () => socket.send(message));
socket.on('message', data => {
  console.log(`message ${(data as Buffer).toString()}`);
  socket.close();
});
socket.on('error', error => console.log(`error ${error.message}`));
socket.on('close', (code, reason) => console.log(`closed ${code} ${String(reason)}`));
