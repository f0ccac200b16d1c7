import type { HostServer } from './world.ts';

/** Says its name and how much it was sent, whatever it is asked. */
export const hello: HostServer = {
  answer: (request, response) => {
    let bytes = 0;
    request.on('data', (part: Buffer) => {
      bytes += part.length;
    });
    const host = String(request.headers[':authority'] ?? request.headers.host);
    request.on('end', () => response.end(`hello from ${host}${bytes > 0 ? ` got ${bytes}` : ''}`));
  },
};
