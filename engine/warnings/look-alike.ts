import { getDomain } from 'tldts';
import { isWithinDistance } from './edit-distance.ts';

/** Shorter names are too often one letter from each other. */
const shortestHost = 6;

/** Whether a person may take one host for the other: letters that look alike, dots and hyphens exchanged, one letter off. */
export function isLookAlike(host: string, other: string): boolean {
  if (host === other || host.length < shortestHost) return false;
  // Names below one domain are of one owner.
  if (getDomain(host) !== null && getDomain(host) === getDomain(other)) return false;
  return skeleton(host) === skeleton(other) || isWithinDistance(host, other, 1);
}

function skeleton(host: string): string {
  return host
    .replaceAll('-', '.')
    .replaceAll('0', 'o')
    .replaceAll('1', 'l')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w');
}
