// zod → the structural OpenAPI v3 schema that a CustomResourceDefinition takes.
import { z } from 'zod';

type Json = Record<string, unknown>;

/** Throws when a schema says something a CRD cannot (zod's `unrepresentable: throw`). */
export function structuralSchema(schema: z.ZodType): Json {
  const json = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    reused: 'inline',
    unrepresentable: 'throw',
    override: ({ jsonSchema }) => makeStructural(jsonSchema as Json),
  }) as Json;
  delete json['$schema'];
  return json;
}

function makeStructural(node: Json): void {
  if (node['x-kubernetes-int-or-string'] === true) node['anyOf'] = [{ type: 'integer' }, { type: 'string' }];
  // The API server prunes what is unknown unless told to keep it; it knows no `additionalProperties: false`.
  if (node['additionalProperties'] === false) delete node['additionalProperties'];
  if (node['format'] === 'date-time') delete node['pattern'];
  if (typeof node['pattern'] === 'string') node['pattern'] = toRe2(node['pattern']);
}

/** ECMAScript spells code points `\u200b`, RE2 `\x{200b}`; `\/` needs no backslash in either. */
function toRe2(pattern: string): string {
  return pattern.replace(/\\u([0-9a-fA-F]{4})/g, '\\x{$1}').replaceAll('\\/', '/');
}
