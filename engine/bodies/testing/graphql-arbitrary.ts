import * as fc from 'fast-check';

type Rule = 'value' | 'args' | 'directives' | 'field' | 'spread' | 'inline' | 'set' | Outer;
type Outer = 'variables' | 'operation' | 'fragment' | 'document';

const names = ['a', 'b', 'F', 'G', 'on', 'query', 'fragment', 'true', 'viewer'];
const gaps = [' ', ', ', '\n', '\t', '#c "\'{\n', ' ,, '];

const text = (value: string) => fc.constant(value);
const maybe = (part: fc.Arbitrary<string>) => fc.oneof(text(''), part);

/** GraphQL documents, nearly all of them sound, written with every kind of blank and comment. */
export function graphqlDocument(): fc.Arbitrary<string> {
  const gap = fc.constantFrom(...gaps);
  const name = fc.constantFrom(...names);
  const join = (...parts: readonly fc.Arbitrary<string>[]) =>
    fc.tuple(gap, ...parts).map(([blank, ...all]) => all.join(blank));
  const many = (part: fc.Arbitrary<string>, min: number, max: number) =>
    fc.tuple(gap, fc.array(part, { minLength: min, maxLength: max })).map(([blank, all]) => all.join(blank));
  const { document } = fc.letrec<Record<Rule, string>>(tie => ({
    value: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'value' },
      fc.constantFrom('1', '-0.5e+3', '"s"', '"\\u{1F600}\\n\\""', '"""b " \\""" }{"""', '$v', 'ENUM', 'null', '""'),
      join(text('['), many(tie('value'), 0, 2), text(']')),
      join(text('{'), many(join(name, text(':'), tie('value')), 0, 2), text('}')),
    ),
    args: join(text('('), many(join(name, text(':'), tie('value')), 1, 2), text(')')),
    directives: many(join(text('@'), name, maybe(tie('args'))), 0, 2),
    field: join(maybe(join(name, text(':'))), name, maybe(tie('args')), tie('directives'), maybe(tie('set'))),
    spread: join(text('...'), fc.constantFrom('F', 'G', 'H'), tie('directives')),
    inline: join(text('...'), maybe(join(text('on'), name)), tie('directives'), tie('set')),
    set: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'set' },
      text('{a}'),
      join(text('{'), many(fc.oneof(tie('field'), tie('field'), tie('spread'), tie('inline')), 1, 3), text('}')),
    ),
    variables: join(
      text('('),
      many(
        join(text('$'), name, text(':'), fc.constantFrom('T', '[T!]!', '[[T]]'), maybe(join(text('='), tie('value')))),
        1,
        2,
      ),
      text(')'),
    ),
    operation: join(
      fc.constantFrom('query', 'mutation', 'subscription'),
      maybe(name),
      maybe(tie('variables')),
      tie('directives'),
      tie('set'),
    ),
    fragment: join(
      text('fragment'),
      fc.constantFrom('F', 'G', 'H', 'on'),
      text('on'),
      name,
      tie('directives'),
      tie('set'),
    ),
    document: many(fc.oneof(tie('operation'), tie('fragment'), tie('set')), 1, 4),
  }));
  return document;
}
