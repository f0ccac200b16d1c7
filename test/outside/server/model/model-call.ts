import { z } from 'zod';

const contentSchema = z.union([z.string(), z.array(z.looseObject({ text: z.string().optional() })), z.null()]);
const messageSchema = z.looseObject({ role: z.string().optional(), content: contentSchema.optional() });
const textsSchema = z.union([z.string(), z.array(z.string())]);

/** The fields this server looks at; it takes all others without a word. */
const bodySchema = z.looseObject({
  model: z.string(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  messages: z.array(messageSchema).optional(),
  prompt: textsSchema.optional(),
  input: z.union([textsSchema, z.array(messageSchema)]).optional(),
  encoding_format: z.enum(['float', 'base64']).nullish(),
});
export type CallBody = z.infer<typeof bodySchema>;

export interface ModelCall {
  readonly body: CallBody;
  /** What the model says. */
  readonly text: string;
  readonly chunkDelayMs: number;
}

/** The body, or what is wrong with it. */
export function parseCall(text: string): CallBody | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'The body is not JSON.';
  }
  const parsed = bodySchema.safeParse(value);
  return parsed.success ? parsed.data : z.prettifyError(parsed.error);
}
