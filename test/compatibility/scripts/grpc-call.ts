// The agent's program: node grpc-call.mjs say|wipe|count
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { echoService } from './echo-service.ts';

const [, , what] = process.argv;
const client = new Client('grpc.test:50051', credentials.createSsl());
const print = (error: ServiceError | null, reply?: Buffer) => {
  process.exitCode = error === null ? 0 : 1;
  console.log(error === null ? `reply ${String(reply)}` : `error ${error.code} ${error.details}`);
};
if (what === 'count') {
  const { path, requestSerialize, responseDeserialize } = echoService.Count;
  const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, Buffer.from(''));
  const replies: string[] = [];
  call.on('data', (reply: Buffer) => replies.push(String(reply)));
  call.on('error', (error: ServiceError) => print(error));
  call.on('end', () => console.log(`replies ${replies.join(' ')}`));
} else {
  const { path, requestSerialize, responseDeserialize } = what === 'say' ? echoService.Say : echoService.Wipe;
  client.makeUnaryRequest(path, requestSerialize, responseDeserialize, Buffer.from('hello'), print);
}
