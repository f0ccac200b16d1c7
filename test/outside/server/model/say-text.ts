import type { CallBody } from './model-call.ts';

const maxQuoted = 200;

/** Names the model it was asked for, so that a test sees where a route led, and repeats what the person said. */
export function sayText(body: CallBody): string {
  return `Hello! This is ${body.model} of the test model server. You said: ${question(body).slice(0, maxQuoted)}`;
}

/**
 * The first paragraph of the last thing a person said: agents add paragraphs and messages of their own behind it, the
 * latter in `<<<markers>>>`, and a time stamp before it.
 */
function question({ messages, prompt, input }: CallBody): string {
  const given: string | readonly unknown[] = messages ?? input ?? prompt ?? '';
  const texts = typeof given === 'string' ? [given] : given.flatMap(textOf);
  const said = texts.findLast(text => !text.trimStart().startsWith('<<<')) ?? '';
  const [paragraph = ''] = said.trim().split('\n\n');
  return paragraph.replace(/^\[[^\]]*\] /, '');
}

function textOf(item: unknown): readonly string[] {
  if (typeof item === 'string') return [item];
  const { role, content } = item as { readonly role?: string; readonly content?: unknown };
  if (role !== undefined && role !== 'user') return [];
  if (typeof content === 'string') return [content];
  return Array.isArray(content) ? [content.map((part: { text?: string }) => part.text ?? '').join(' ')] : [];
}
