// Protocols that are not HTTP: a rule of protocol TCP allows them by the server's name, and nothing in them is read.
import { allow } from '../../netns/snapshot-parts.ts';
import type { Client } from '../client.ts';

interface TcpClient {
  readonly name: string;
  readonly version: readonly string[];
  readonly port: number;
  readonly what: string;
  readonly command: (host: string) => readonly string[];
  readonly says: string;
  readonly refusal: string;
}

const ssh: TcpClient = {
  name: 'OpenSSH',
  version: ['ssh', '-V'],
  port: 22,
  what: 'a command',
  command: host => [
    'ssh',
    '-oStrictHostKeyChecking=no',
    '-oUserKnownHostsFile=/dev/null',
    '-oBatchMode=yes',
    `agent@${host}`,
    'uptime',
  ],
  says: 'ran uptime',
  refusal: 'kex_exchange_identification',
};

const psql: TcpClient = {
  name: 'psql',
  version: ['psql', '--version'],
  port: 5432,
  what: 'a query',
  command: host => ['psql', '-At', '-h', host, '-U', 'agent', '-d', 'agent', '-c', 'select said'],
  says: 'hello',
  refusal: 'psql: error: connection to server at "other.test"',
};

const redis: TcpClient = {
  name: 'redis-cli',
  version: ['redis-cli', '--version'],
  port: 6379,
  what: 'a command',
  command: host => ['redis-cli', '-h', host, 'PING'],
  says: 'PONG',
  refusal: 'Error: ',
};

export const [sshClient, psqlClient, redisClient] = [ssh, psql, redis].map(clientOf) as [Client, Client, Client];

function clientOf({ name, version, port, what, command, says, refusal }: TcpClient): Client {
  const host = `tcp${port}.test`;
  const rules = [allow([host], { protocol: 'TCP', ports: [port] })];
  return {
    name,
    version,
    protocol: `TCP ${port}`,
    steps: [
      { what: `${what} to a listed name`, rules, command: command(host), verdict: 'allowed', says },
      { what: 'another name', rules, command: command('other.test'), verdict: 'refused', says: refusal },
    ],
  };
}
