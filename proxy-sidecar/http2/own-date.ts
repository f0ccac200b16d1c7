import type { ServerStreamResponseOptions } from 'node:http2';

/** For `respond`: node would add a Date that upstream did not send. Its types do not know the option. */
export const ownDate: ServerStreamResponseOptions = Object.freeze({ sendDate: false } as ServerStreamResponseOptions);
