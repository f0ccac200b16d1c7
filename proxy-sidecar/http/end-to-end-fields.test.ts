import { describe, expect, test } from 'vitest';
import { endToEndRequestFields } from './end-to-end-fields.ts';
import { headerField } from './header-fields.ts';

const kept = (...names: readonly string[]) =>
  endToEndRequestFields(names.map(name => headerField(name, 'x'))).map(({ name }) => name);

describe('A field by which a server may serve another request than the one that was decided', () => {
  test.each([
    // Symfony, Zend, IIS URL Rewrite, ingress controllers: another path.
    'X-Original-URL',
    'X-Original-URI',
    'X-Rewrite-URL',
    'X-Envoy-Original-Path',
    // Another method.
    'X-HTTP-Method',
    'X-HTTP-Method-Override',
    'X-Method-Override',
    'X-Original-Method',
    // Another host.
    'X-Forwarded-Host',
    'X-Forwarded',
    'X-Host',
    'X-Original-Host',
    'X-HTTP-Host-Override',
    // CGI, WSGI and PHP read both spellings as one.
    'X_HTTP_Method_Override',
    'X_Original_URL',
    'X_Forwarded_Host',
    'Content_Length',
    'Transfer_Encoding',
  ])('%s does not cross', name => {
    expect(kept('Accept', name, 'X-Custom')).toEqual(['Accept', 'X-Custom']);
  });
});

test('Underscores alone keep no field back', () => {
  expect(kept('X_Custom', 'session_id')).toEqual(['X_Custom', 'session_id']);
});
