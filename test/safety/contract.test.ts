import { expect, test } from 'vitest';
import * as contract from '../../protocol/constants.ts';
import { readText } from './tree.ts';

/** `name = value` of every constant in launcher/contract.go. */
function goConstants(): Map<string, string> {
  const text = readText('launcher/contract.go') ?? '';
  return new Map(
    [...text.matchAll(/^\s*(\w+)\s*(?:\w+\s*)?=\s*("[^"]*"|0x[0-9a-fA-F]+|\d+)/gm)].map(match => [
      match[1] ?? '',
      (match[2] ?? '').replaceAll('"', ''),
    ]),
  );
}

test.each([
  ['SidecarUID', contract.sidecarUid],
  ['SidecarGID', contract.sidecarGid],
  ['TransparentPort', contract.ports.transparent],
  ['DNSPort', contract.ports.dns],
  ['HealthPort', contract.ports.health],
  ['SidecarMark', contract.sidecarMark],
  ['AttestationAddress', contract.attestation.address],
  ['AttestationPort', contract.attestation.port],
  ['SharedDir', contract.paths.shared],
  ['PrivateDir', contract.paths.private],
  ['TokenFile', contract.paths.token],
  ['PodInfoDir', contract.paths.podInfo],
  ['WritableVariable', contract.writableVariable],
])('launcher/contract.go says the same %s as protocol/constants.ts', (name, value) => {
  const go = goConstants().get(name);
  expect(typeof value === 'number' ? Number(go) : go).toBe(value);
});
