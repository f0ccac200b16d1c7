import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../images/parts/repository-root.ts';

/** The licences of every npm package that went into a bundle, as they ask to be passed on. Throws for one without. */
export function thirdPartyNotices(inputs: readonly string[]): string {
  const folders = new Set(inputs.flatMap(input => packageFolder(input) ?? []));
  const notices = [...folders].sort().map(noticeOf);
  return `What is bundled here beside Creel itself, and under which terms.\n\n${notices.join('\n')}`;
}

/** `node_modules/@scope/name` of a file below it, the innermost. */
function packageFolder(input: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
}

function noticeOf(folder: string): string {
  const full = join(repositoryRoot, folder);
  const { name, version, license } = JSON.parse(readFileSync(join(full, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  const file = readdirSync(full).find(entry => /^(licen[cs]e|copying)(\.|$)/i.test(entry));
  if (file === undefined && license === undefined)
    throw new Error(`${name} ${version} has no licence: it must not be bundled`);
  const text =
    file === undefined || !existsSync(join(full, file)) ? '' : `\n${readFileSync(join(full, file), 'utf8').trim()}\n`;
  return `${'-'.repeat(80)}\n${name} ${version}: ${license ?? 'see below'}\n${text}`;
}
