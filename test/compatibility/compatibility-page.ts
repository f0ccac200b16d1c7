import type { Client } from './client.ts';
import { type Row, renderTable } from './compatibility-table.ts';

const head = `# Compatibility: real clients, unchanged

Each program below ran in a sandbox as it is, with nothing but the environment every agent gets (whom to trust), on rules under
which the sidecar reads each request. Each row is a test: what policy allows worked, and what it refuses failed with the words
that the program itself prints. The servers were the real ones or, where that would be a product of its own, small ones that speak
the real protocol (\`test/compatibility/servers/\`).

Not tried: OpenClaw's own web fetch and the browsers it drives, clients of Rust, .NET and Ruby, PostgreSQL and Redis over TLS.

Written by \`CREEL_UPDATE=1 npx vitest run --project netns test/compatibility\`; do not edit.

`;

export function compatibilityPage(rows: readonly Row[]): string {
  return `${head}${renderTable(rows)}\n`;
}

/** Without a version: not installed on this machine. */
export function rowOf(client: Client, version: string | undefined): Row {
  const [allowed, refused] = (['allowed', 'refused'] as const).map(verdict =>
    client.steps.filter(step => step.verdict === verdict),
  );
  return {
    client: client.name,
    version: version ?? '',
    protocol: client.protocol,
    allowed: (allowed ?? []).map(({ what }) => what).join('; '),
    refused: (refused ?? []).map(({ what, says }) => `${what}: \`${says}\``).join('; '),
    result: version === undefined ? 'not tried: not installed' : resultOf(client),
  };
}

function resultOf({ preparation }: Client): string {
  return preparation === undefined ? '✓' : `✓ once prepared: ${preparation.what}`;
}
