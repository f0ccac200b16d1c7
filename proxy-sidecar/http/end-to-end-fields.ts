// Which fields cross the sidecar. Framing and Host are written by the sidecar itself, from what it decided on.
import { type HeaderField, listOf } from './header-fields.ts';

/** RFC 9110, 7.6.1, and what only ever spoke to the next hop. */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'proxy-authenticate',
  'proxy-authorization',
]);

/** Claims about who asked or what was really meant, made by an agent about itself. */
const spoofed: ReadonlySet<string> = new Set([
  'forwarded',
  'via',
  'x-real-ip',
  'x-sandbox-id',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
]);

/** Of a request: without hop-by-hop, nominated, spoofable fields, Host and Content-Length. */
export function endToEndRequestFields(fields: readonly HeaderField[]): readonly HeaderField[] {
  const nominated = new Set(listOf(fields, 'connection'));
  return fields.filter(
    ({ key }) =>
      !hopByHop.has(key) &&
      !spoofed.has(key) &&
      !key.startsWith('x-forwarded-') &&
      !nominated.has(key) &&
      key !== 'host' &&
      key !== 'content-length',
  );
}

/** Of a response: without hop-by-hop and nominated fields, Content-Length, and Alt-Svc, which would lead around the sidecar. */
export function endToEndResponseFields(fields: readonly HeaderField[]): readonly HeaderField[] {
  const nominated = new Set(listOf(fields, 'connection'));
  return fields.filter(
    ({ key }) => !hopByHop.has(key) && !nominated.has(key) && key !== 'content-length' && key !== 'alt-svc',
  );
}
