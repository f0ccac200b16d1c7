// A model that has one thought: to fetch the address in what it is told, and to say what came of it.
import { readWhole } from './read-whole.ts';
import type { HostServer } from './world.ts';

interface Message {
  readonly role: string;
  readonly content: unknown;
}

export const assistantServer: HostServer = {
  answer: (request, response) => {
    void readWhole(request).then(body => {
      const { messages } = JSON.parse(body) as { readonly messages: readonly Message[] };
      const events = answerTo(messages).map(choice => ({
        id: 'c',
        object: 'chat.completion.chunk',
        choices: [choice],
      }));
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of events) response.write(`data: ${JSON.stringify(event)}\n\n`);
      response.end('data: [DONE]\n\n');
    });
  },
};

function answerTo(messages: readonly Message[]): readonly object[] {
  const said = messages.findLast(({ role }) => role === 'tool');
  if (said !== undefined) return say({ content: `the tool said: ${JSON.stringify(said.content)}` }, 'stop');
  const url = /Fetch (https:\/\/[\w./-]+)/.exec(JSON.stringify(messages))?.[1];
  // OpenClaw shows its tools by name alone, behind one that calls them.
  const call = { name: 'tool_call', arguments: JSON.stringify({ id: 'web_fetch', args: { url } }) };
  return say({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: call }] }, 'tool_calls');
}

function say(delta: object, finishReason: string): readonly object[] {
  return [
    { index: 0, delta: { role: 'assistant', ...delta }, finish_reason: null },
    { index: 0, delta: {}, finish_reason: finishReason },
  ];
}
