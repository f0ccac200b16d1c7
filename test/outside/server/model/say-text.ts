import type { CallBody } from './model-call.ts';

const maxQuoted = 200;

/** Names the model it was asked for, so that a test sees where a route led, and repeats the end of the question. */
export function sayText(body: CallBody): string {
  const question = lastQuestion(body).trim().slice(-maxQuoted);
  return `Hello! This is ${body.model} of the test model server. You said: ${question}`;
}

function lastQuestion({ messages, prompt, input }: CallBody): string {
  const last = (messages ?? input ?? prompt ?? '') as string | readonly unknown[];
  if (typeof last === 'string') return last;
  const item = last.findLast(entry => typeof entry === 'string' || (entry as { role?: string }).role !== 'system');
  return typeof item === 'string' ? item : contentText((item as { content?: unknown } | undefined)?.content);
}

function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: { text?: string }) => part.text ?? '').join(' ');
}
