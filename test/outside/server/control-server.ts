// Answers the test process over a unix socket: one table from operation to what it does.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import type { OperationName, Operations } from '../control-protocol.ts';
import { defaultModel, defaultZone, type State } from './state.ts';
import type { Listeners } from './tcp-services.ts';

type Handlers = {
  readonly [K in OperationName]: (
    args: Operations[K]['args'],
  ) => Operations[K]['result'] | Promise<Operations[K]['result']>;
};

export async function startControlServer(state: State, listeners: Listeners, socketPath: string): Promise<void> {
  const handlers = handlersOf(state, listeners);
  const server = createServer((request, response) => {
    answer(handlers, request, response).catch((error: unknown) => {
      response.writeHead(500).end(error instanceof Error ? error.message : String(error));
    });
  });
  server.listen(socketPath);
  await once(server, 'listening');
}

async function answer(handlers: Handlers, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const name = (request.url ?? '').slice(1);
  if (!isOperation(handlers, name)) throw new Error(`the outside world knows no operation '${name}'`);
  // Both ends are of one tree: the types hold by construction, and a wrong one fails the test that sent it.
  const handler = handlers[name] as (args: unknown) => unknown;
  const result = await handler(await json(request));
  response.end(JSON.stringify(result));
}

function isOperation(handlers: Handlers, name: string): name is OperationName {
  return Object.hasOwn(handlers, name);
}

function handlersOf(state: State, listeners: Listeners): Handlers {
  const { recorder } = state;
  return {
    info: () => ({ caPem: state.ca.caPem }),
    connections: () => recorder.connections,
    requests: () => recorder.requests,
    dnsQueries: () => recorder.dnsQueries,
    reset: () => {
      recorder.clear();
      state.zone = defaultZone;
      state.answers = [];
      state.model = defaultModel;
      state.failuresLeft = 0;
      return null;
    },
    setZone: ({ zone }) => {
      state.zone = zone;
      return null;
    },
    answer: wanted => {
      state.answers.push(wanted);
      return null;
    },
    setModel: settings => {
      state.model = { ...state.model, ...settings };
      state.failuresLeft = settings.failNext?.times ?? state.failuresLeft;
      return null;
    },
    listen: async ({ port, service }) => {
      await listeners.listen(port, service);
      return null;
    },
    unlisten: async ({ port }) => {
      await listeners.unlisten(port);
      return null;
    },
  };
}
