// What could stand where the cursor is, in the form that kubectl asks of a plugin: a value a line, a tab, what it is.
import type { Argument, Command, Option } from 'commander';
import { displaySafe } from '../../engine/canonical/display.ts';
import { readWords } from './read-words.ts';

export interface Suggestion {
  readonly value: string;
  readonly description?: string;
}

/** Names of things of one sort, live. */
export type Source = (options: Readonly<Record<string, string>>) => Promise<readonly Suggestion[]>;

/** Cobra's directives, as kubectl reads them. */
const directives = { files: 0, noFiles: 4 } as const;

/** Lines for the shell, the directive last. `sources` are by what the help calls a value: sandbox, request, profile … */
export async function complete(
  program: Command,
  words: readonly string[],
  sources: Readonly<Record<string, Source>>,
): Promise<string> {
  const { cursor, options } = readWords(program, words);
  switch (cursor.at) {
    case 'Nothing':
      return format([], directives.files);
    case 'Command':
      return format(commandsOf(cursor.command).filter(startsWith(cursor.typed)), directives.noFiles);
    case 'Option':
      return format(optionsOf(cursor.command, program).filter(startsWith(cursor.typed)), directives.noFiles);
    case 'Value': {
      const name = metavarOf(cursor.of);
      if (name === 'file') return format([], directives.files);
      const isSlashed = cursor.typed.startsWith('apr/');
      const source = sources[isSlashed ? 'request' : name];
      const values = cursor.of.argChoices?.map(value => ({ value })) ?? (await source?.(options)) ?? [];
      const shown = values.map(one => (isSlashed ? { ...one, value: `apr/${one.value}` } : one));
      const matching = shown.filter(startsWith(cursor.typed));
      return format(
        matching.map(one => ({ ...one, value: cursor.prefix + one.value })),
        directives.noFiles,
      );
    }
    default:
      return cursor satisfies never;
  }
}

/** What the help calls it: `<sandbox>`, `[request...]`, `--profile <profile>`. */
function metavarOf(of: Option | Argument): string {
  return 'flags' in of ? (/[<[]([^>\].]+)/.exec(of.flags)?.[1] ?? '') : of.name();
}

function commandsOf(command: Command): Suggestion[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map(child => ({ value: child.name(), description: child.summary() || child.description() }));
}

function optionsOf(command: Command, program: Command): Suggestion[] {
  const own = command.createHelp().visibleOptions(command);
  const all = command === program ? own : [...own, ...program.options];
  return all.map(option => ({ value: option.long ?? option.short ?? '', description: option.description }));
}

function startsWith(typed: string): (suggestion: Suggestion) => boolean {
  return ({ value }) => value.startsWith(typed);
}

/** Names and hosts are others': a shell must not be driven by them either. */
function format(suggestions: readonly Suggestion[], directive: number): string {
  const lines = suggestions.map(({ value, description }) =>
    description === undefined ? displaySafe(value) : `${displaySafe(value)}\t${displaySafe(description)}`,
  );
  return [...lines, `:${directive}`].join('\n');
}
