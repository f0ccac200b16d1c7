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
  'x-forwarded',
  'x-host',
  'x-http-host-override',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-host',
  'x-original-method',
  // Symfony, Zend, IIS and some ingress controllers serve the path that these name in place of the request's.
  'x-envoy-original-path',
  'x-original-uri',
  'x-original-url',
  'x-rewrite-url',
]);

/** Framing and Host, which the sidecar writes itself. */
const own: ReadonlySet<string> = new Set(['host', 'content-length']);

/** CGI, WSGI and PHP make one variable of `X-Host` and `X_Host`. */
function isHeldBack(key: string): boolean {
  const name = key.replaceAll('_', '-');
  return hopByHop.has(name) || spoofed.has(name) || own.has(name) || name.startsWith('x-forwarded-');
}

/** Of a request: without hop-by-hop, nominated, spoofable fields, Host and Content-Length. */
export function endToEndRequestFields(fields: readonly HeaderField[]): readonly HeaderField[] {
  const nominated = new Set(listOf(fields, 'connection'));
  return fields.filter(({ key }) => !isHeldBack(key) && !nominated.has(key));
}

/** Of a response: without hop-by-hop and nominated fields, Content-Length, and Alt-Svc, which would lead around the sidecar. */
export function endToEndResponseFields(fields: readonly HeaderField[]): readonly HeaderField[] {
  const nominated = new Set(listOf(fields, 'connection'));
  return fields.filter(
    ({ key }) => !hopByHop.has(key) && !nominated.has(key) && key !== 'content-length' && key !== 'alt-svc',
  );
}
