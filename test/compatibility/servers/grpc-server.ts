// A gRPC server of two methods over the outside world's TLS.
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { TestCa } from '../../outside/server/test-ca.ts';
import { echoService } from '../scripts/echo-service.ts';

/** Listens on a unix socket; answers what ends it. */
export async function startGrpcServer(ca: TestCa, socketPath: string, arrived: string[]): Promise<() => void> {
  const server = new Server();
  server.addService(echoService, {
    Say: (call: { request: Buffer }, answer: (error: null, reply: Buffer) => void) => answer(null, call.request),
    Count: (call: { write: (reply: Buffer) => void; end: () => void }) => {
      for (let at = 1; at <= 3; at++) call.write(Buffer.from(String(at)));
      call.end();
    },
    Wipe: (call: { request: Buffer }, answer: (error: null, reply: Buffer) => void) => {
      arrived.push('rpc Wipe');
      answer(null, call.request);
    },
  });
  const { cert, key } = ca.certificateFor('grpc.test');
  const credentials = ServerCredentials.createSsl(null, [
    { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) },
  ]);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socketPath}`, credentials, error => (error === null ? resolve() : reject(error)));
  });
  return () => server.forceShutdown();
}
