#!/usr/bin/env node
// kubectl finds this as `kubectl creel`. Plain JavaScript, so that any Node >= 18 can start it.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

process.argv.splice(2, 0, 'cli/main.ts');
await import(join(dirname(dirname(fileURLToPath(import.meta.url))), 'scripts', 'boot.mjs'));
