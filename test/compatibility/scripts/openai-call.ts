// The agent's program: node openai-call.mjs chat|delete
import OpenAI, { APIError } from 'openai';

const client = new OpenAI({ baseURL: 'https://llm.test/v1', apiKey: 'agent', maxRetries: 0 });
try {
  if (process.argv[2] === 'chat') {
    const messages = [{ role: 'user' as const, content: 'hello' }];
    const said: string[] = [];
    for await (const { choices } of await client.chat.completions.create({ model: 'm', messages, stream: true }))
      said.push(choices[0]?.delta.content ?? '');
    console.log(said.join(''));
  } else await client.files.delete('file-1');
} catch (error) {
  console.log(error instanceof APIError ? `error ${error.status} ${error.message}` : String(error));
  process.exitCode = 1;
}
