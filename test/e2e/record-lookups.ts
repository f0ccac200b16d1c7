// What a process of Node asks a resolver for: a module loaded before it writes every name into a file.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface LookupRecorder {
  /** For the process's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** One name a line. */
  readonly file: string;
}

/** `folder` is the caller's. */
export function createLookupRecorder(folder: string): LookupRecorder {
  const [module, file] = [join(folder, 'record-lookups.mjs'), join(folder, 'lookups')];
  writeFileSync(file, '');
  writeFileSync(
    module,
    `import dns from 'node:dns';
import { appendFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
for (const of of [dns, dns.promises, dns.Resolver.prototype, dns.promises.Resolver.prototype])
  for (const key of Reflect.ownKeys(of).filter(key => /^(lookup$|resolve)/.test(String(key)))) {
    const real = of[key];
    if (typeof real !== 'function') continue;
    of[key] = function (name, ...rest) {
      appendFileSync(${JSON.stringify(file)}, name + '\\n');
      return Reflect.apply(real, this, [name, ...rest]);
    };
  }
syncBuiltinESMExports();
`,
  );
  return { env: { NODE_OPTIONS: `--import=${module}` }, file };
}
