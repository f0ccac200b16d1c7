// Where the cursor stands in a half-typed command line, by the commands' own tables. Pure.
import type { Argument, Command, Option } from 'commander';

export type Cursor =
  /** A command's name, or an argument where the command takes some. */
  | { readonly at: 'Command'; readonly command: Command; readonly typed: string }
  | { readonly at: 'Option'; readonly command: Command; readonly typed: string }
  /** The value of an option or an argument; `prefix` stands before it in the same word (`--for=`). */
  | { readonly at: 'Value'; readonly of: Option | Argument; readonly typed: string; readonly prefix: string }
  /** After `--`, or beyond the last argument. */
  | { readonly at: 'Nothing' };

export interface Typed {
  readonly cursor: Cursor;
  /** Values of options that came before, by attribute name. */
  readonly options: Readonly<Record<string, string>>;
}

/** `words` are those after the program's name; the last is the one being typed, perhaps empty. */
export function readWords(program: Command, words: readonly string[]): Typed {
  const options: Record<string, string> = Object.create(null) as Record<string, string>;
  const typed = words.at(-1) ?? '';
  let command = program;
  let argumentsSeen = 0;
  let wanting: Option | undefined;
  for (const word of words.slice(0, -1)) {
    if (wanting !== undefined) {
      options[wanting.attributeName()] = word;
      wanting = undefined;
    } else if (word === '--') return { cursor: { at: 'Nothing' }, options };
    else if (word.startsWith('-')) wanting = takeOption(command, program, word, options);
    else {
      const child = argumentsSeen === 0 ? findChild(command, word) : undefined;
      if (child === undefined) argumentsSeen += 1;
      else command = child;
    }
  }
  return { cursor: cursorOf(command, program, wanting, argumentsSeen, typed), options };
}

function cursorOf(
  command: Command,
  program: Command,
  wanting: Option | undefined,
  argumentsSeen: number,
  typed: string,
): Cursor {
  if (wanting !== undefined) return { at: 'Value', of: wanting, typed, prefix: '' };
  const [, flag, value] = /^(--[^=]+=)(.*)$/s.exec(typed) ?? [];
  if (flag !== undefined && value !== undefined) {
    const option = findOption(command, program, flag.slice(0, -1));
    return option === undefined ? { at: 'Nothing' } : { at: 'Value', of: option, typed: value, prefix: flag };
  }
  if (typed.startsWith('-')) return { at: 'Option', command, typed };
  if (command.commands.length > 0) return { at: 'Command', command, typed };
  const { registeredArguments } = command;
  const last = registeredArguments.at(-1);
  const argument = registeredArguments[argumentsSeen] ?? (last?.variadic ? last : undefined);
  return argument === undefined ? { at: 'Nothing' } : { at: 'Value', of: argument, typed, prefix: '' };
}

/** Notes a value given in the same word; answers the option whose value the next word is. */
function takeOption(
  command: Command,
  program: Command,
  word: string,
  options: Record<string, string>,
): Option | undefined {
  const [flag = word, ...value] = word.split('=');
  const option = findOption(command, program, flag);
  if (option === undefined || option.isBoolean()) return undefined;
  if (value.length === 0) return option;
  options[option.attributeName()] = value.join('=');
  return undefined;
}

function findOption(command: Command, program: Command, flag: string): Option | undefined {
  return [...command.options, ...program.options].find(option => option.long === flag || option.short === flag);
}

function findChild(command: Command, name: string): Command | undefined {
  return command.commands.find(child => child.name() === name || child.aliases().includes(name));
}
