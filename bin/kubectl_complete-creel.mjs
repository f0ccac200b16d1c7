#!/usr/bin/env node
// kubectl's own completion asks this for `kubectl creel`. Plain JavaScript, so that any Node >= 18 can start it.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

process.argv.splice(2, 0, 'cli/main.ts', '__complete');
await import(join(dirname(dirname(fileURLToPath(import.meta.url))), 'scripts', 'boot.mjs'));
