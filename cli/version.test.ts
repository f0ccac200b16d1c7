import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { cliVersion } from './version.ts';

const root = join(import.meta.dirname, '..');

test('the command line, the package and the chart are of one version', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const chart = parse(readFileSync(join(root, 'charts/creel/Chart.yaml'), 'utf8')) as {
    version: string;
    appVersion: string;
  };
  expect([version, chart.version, chart.appVersion]).toEqual([cliVersion, cliVersion, cliVersion]);
});
