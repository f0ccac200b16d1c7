// A real SSH server that takes every key and answers every command with the command.
import { generateKeyPairSync } from 'node:crypto';
import ssh2 from 'ssh2';

/** `arrived` gets `ssh COMMAND` of every command. */
export function createSshServer(arrived: string[]): ssh2.Server {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  return new ssh2.Server({ hostKeys: [privateKey] }, client => {
    client.on('error', () => client.end());
    client.on('authentication', context => context.accept());
    client.on('session', accept =>
      accept().on('exec', (acceptExec, _reject, { command }) => {
        arrived.push(`ssh ${command}`);
        const stream = acceptExec();
        stream.write(`ran ${command}\n`);
        stream.exit(0);
        stream.end();
      }),
    );
  });
}
