import type { HostServer } from './world.ts';

/** Says its name and the HTTP version, whatever it is asked. */
export const hello: HostServer = {
  answer: (request, response) => {
    request.resume();
    const host = String(request.headers[':authority'] ?? request.headers.host);
    request.on('end', () => response.end(`hello from ${host}`));
  },
};
