// Clients of other languages that do the same two things: GET under ReadOnly, and DELETE.
import { inspect } from '../../netns/snapshot-parts.ts';
import type { Client, Place } from '../client.ts';

const rules = [inspect(['api.test'], { access: 'ReadOnly' })];
const url = 'https://api.test/things';

interface HttpClient extends Omit<Client, 'steps'> {
  readonly command: (method: string) => readonly string[];
  readonly says: string;
  readonly refusal: string;
}

export function goClient({ folder }: Place): Client {
  return withSteps({
    name: 'Go net/http',
    version: [`${folder}/get`],
    protocol: 'HTTP/2',
    command: method => [`${folder}/get`, method, url],
    says: 'HTTP/2.0 200 OK hello from api.test',
    refusal: 'HTTP/2.0 403 Forbidden {"error":"RequestNotAllowed"',
  });
}

export function javaClient({ folder, caFile }: Place): Client {
  const store = `${folder}/java.p12`;
  const trust = [`-Djavax.net.ssl.trustStore=${store}`, '-Djavax.net.ssl.trustStorePassword=changeit'];
  const keytool = ['keytool', '-importcert', '-noprompt', '-storepass', 'changeit', '-keystore', store];
  return withSteps({
    name: 'Java java.net.http',
    version: ['javac', '--version'],
    protocol: 'HTTP/2',
    preparation: {
      what: 'it reads no environment; `keytool -importcert -file /creel/ca.crt …`, `-Djavax.net.ssl.trustStore=…`',
      command: [...keytool, '-alias', 'creel', '-file', caFile],
    },
    command: method => ['java', ...trust, `${folder}/Get.java`, method, url],
    says: 'HTTP_2 200 hello from api.test',
    refusal: 'HTTP_2 403 {"error":"RequestNotAllowed"',
  });
}

export function wgetClient({ folder, caFile }: Place): Client {
  return withSteps({
    name: 'wget',
    version: ['wget', '--version'],
    protocol: 'HTTP/1.1',
    preparation: {
      what: 'it reads no environment; `ca_certificate = /creel/ca-bundle.crt` in ~/.wgetrc',
      command: ['sh', '-c', `echo ca_certificate = ${caFile} > ${folder}/.wgetrc`],
    },
    command: method => ['wget', '-q', '-O', '-', '-S', '--tries=1', `--method=${method}`, url],
    says: 'hello from api.test',
    refusal: 'HTTP/1.1 403 Forbidden',
  });
}

function withSteps({ command, says, refusal, ...client }: HttpClient): Client {
  const unseen = 'DELETE api.test/things';
  return {
    ...client,
    steps: [
      { what: 'GET under ReadOnly', rules, command: command('GET'), verdict: 'allowed', says },
      { what: 'DELETE under ReadOnly', rules, command: command('DELETE'), verdict: 'refused', says: refusal, unseen },
    ],
  };
}
