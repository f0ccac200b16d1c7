// zod's issues in the words of the error guide: field, what is wrong with its value, what to do.
import type { z } from 'zod';
import { displaySafe } from '../../engine/canonical/display.ts';
import type { FieldProblem } from './verdict.ts';

type Issue = z.core.$ZodIssue;

const maxShown = 60;

/** One issue may speak of several fields. `plural` is for the command that explains the field. */
export function describeIssue(issue: Issue, plural: string): FieldProblem[] {
  if (issue.code !== 'unrecognized_keys') {
    // What is said of the whole object is said of its beginning; a cause without a field would be none.
    const field = fieldPath(issue.path) || 'metadata';
    return [{ field, message: withHint(messageOf(issue), issue, plural) }];
  }
  return issue.keys.map(key => ({
    field: displaySafe(fieldPath([...issue.path, key])),
    message: `unknown field; correct its name or remove it (kubectl explain ${explained(plural, issue.path)})`,
  }));
}

/** `spec.allow[0].to`; keys that are no names in brackets and quotes. */
export function fieldPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const name = String(part);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return `${text}[${shown(name)}]`;
    return text === '' ? name : `${text}.${name}`;
  }, '');
}

function messageOf(issue: Issue): string {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- our own rules, and what zod may add, say it themselves
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? `is missing; give ${article(issue.expected)}`
        : `${shown(issue.input)} is no ${issue.expected}; write ${article(issue.expected)}`;
    case 'invalid_value':
      return issue.input === undefined
        ? `is missing; choose one of ${issue.values.map(String).join(', ')}`
        : `${shown(issue.input)} is none of ${issue.values.map(String).join(', ')}; choose one of them`;
    case 'invalid_format':
      return `${shown(issue.input)} ${ownWords(issue) ?? `is not of the form ${issue.pattern ?? issue.format}; correct it`}`;
    case 'too_small':
      return typeof issue.input === 'number'
        ? `${issue.input} is less than ${issue.minimum}; write ${issue.minimum} or more`
        : `${lengthOf(issue)} is less than the ${String(issue.minimum)} ${unit(issue.origin)} it needs; add to it`;
    case 'too_big':
      return typeof issue.input === 'number'
        ? `${issue.input} is more than ${issue.maximum}; write ${issue.maximum} or less`
        : `${lengthOf(issue)} is more than the ${String(issue.maximum)} ${unit(issue.origin)} it may have; take from it`;
    default:
      return issue.message;
  }
}

/** What the schema itself says of a form, where it does; zod's own words begin so. */
function ownWords({ message }: Issue): string | undefined {
  return message.startsWith('Invalid ') ? undefined : message;
}

function withHint(message: string, { code, path }: Issue, plural: string): string {
  return code === 'custom' ? message : `${message} (kubectl explain ${explained(plural, path)})`;
}

function explained(plural: string, path: readonly PropertyKey[]): string {
  const names = path.filter(part => typeof part === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(part));
  return [plural, ...names].join('.');
}

function lengthOf({ input }: Issue): string {
  if (typeof input === 'string') return `${shown(input)} with ${input.length} characters`;
  if (Array.isArray(input)) return `a list of ${input.length}`;
  return shown(input);
}

function unit(origin: string): string {
  return origin === 'string' ? 'characters' : origin === 'array' || origin === 'map' ? 'entries' : '';
}

function article(what: string): string {
  return `${/^[aeiou]/.test(what) ? 'an' : 'a'} ${what}`;
}

/** A value as it may stand in a terminal, cut. */
function shown(value: unknown): string {
  const text = displaySafe(JSON.stringify(value) ?? String(value));
  return text.length > maxShown ? `${text.slice(0, maxShown)}…` : text;
}
