// The ways in which an upstream that tells what it was asked (an echo, an error page, a debug log) writes a credential.
import type { HeaderField } from './header-fields.ts';

/** Shorter ones would be found in answers by chance. */
const minSecretLength = 8;

/** Each form of what these fields carry, as latin1 text; empty where no credential is set. */
export function secretForms(setFields: readonly HeaderField[]): readonly string[] {
  const secrets = setFields.flatMap(({ value }) => secretsOf(value)).filter(({ length }) => length >= minSecretLength);
  return [...new Set(secrets.flatMap(formsOf))];
}

/** The value without its scheme, and what a server reads out of Basic. A value is hidden whole only where it is one word. */
function secretsOf(value: string): readonly string[] {
  const [, scheme, token] = /^([A-Za-z][A-Za-z0-9_-]*) +(\S.*)$/.exec(value) ?? [];
  if (scheme === undefined || token === undefined) return [value];
  if (scheme.toLowerCase() !== 'basic') return [token];
  const pair = Buffer.from(token, 'base64').toString('latin1');
  return [token, pair.slice(pair.indexOf(':') + 1)];
}

function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret, 'latin1');
  const hex = bytes.toString('hex');
  const escaped = percentEncoded(bytes);
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    // Slashes are escaped by some writers of JSON.
    secret.replaceAll('/', '\\/'),
    escaped,
    escaped.replace(/%../g, code => code.toLowerCase()),
    escaped.replaceAll('%20', '+'),
    hex.replace(/../g, '%$&'),
    hex,
    hex.toUpperCase(),
    ...[0, 1, 2].map(offset => base64Core(bytes, offset)).flatMap(core => [core, urlSafe(core)]),
  ];
}

function percentEncoded(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/[^A-Za-z0-9._~-]/g, letter => `%${hexOf(letter)}`);
}

function hexOf(letter: string): string {
  return Buffer.from(letter, 'latin1').toString('hex').toUpperCase();
}

/** The characters that the secret alone decides, where it stands so many bytes (modulo 3) into what is encoded. */
function base64Core(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const end = Math.floor(((offset + bytes.length) * 8) / 6);
  return text.slice(Math.ceil((offset * 8) / 6), end);
}

function urlSafe(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_');
}
