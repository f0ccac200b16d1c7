// graphql-js itself behind POST: what it runs is what arrived.
import { buildSchema, graphql } from 'graphql';
import type { HostServer } from './world.ts';

const schema = buildSchema('type Query { viewer: String, secrets: String } type Mutation { drop: Boolean }');

/** Tells the name of every root field that was resolved. */
export function createGraphqlServer(resolved: (field: string) => void): HostServer {
  const rootValue = Object.fromEntries(
    [
      ['viewer', 'agent'],
      ['secrets', 'all of them'],
      ['drop', true],
    ].map(([field, value]) => [
      field,
      () => {
        resolved(String(field));
        return value;
      },
    ]),
  ) as Record<string, () => unknown>;
  const run = async (body: string) => {
    const { query } = JSON.parse(body) as { query: string };
    return JSON.stringify(await graphql({ schema, source: query, rootValue }));
  };
  return {
    answer: (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        run(Buffer.concat(parts).toString()).then(
          text => response.writeHead(200, { 'content-type': 'application/json' }).end(text),
          () => response.writeHead(400).end(),
        );
      });
    },
  };
}
