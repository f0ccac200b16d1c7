import type { HostServer } from './world.ts';

const words = ['streamed ', 'in ', 'pieces'];

/** Streams the same answer to every chat completion, as vendors of models do. */
export const llmServer: HostServer = {
  answer: (request, response) => {
    request.resume();
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const content of words) {
        const chunk = { id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content } }] };
        response.write(`data: ${JSON.stringify(chunk)}\n\n`);
      }
      response.end('data: [DONE]\n\n');
    });
  },
};
