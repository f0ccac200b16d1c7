import type { Client } from './client.ts';
import { type Row, renderTable } from './compatibility-table.ts';

const head = `# Compatibility: real clients, unchanged

Each program below ran in a sandbox as it is, with nothing but the environment every agent gets (whom to trust), on rules under
which the sidecar reads each request. Each row is a test: what policy allows worked, and what it refuses failed with the words
that the program itself prints. The servers were the real ones or, where that would be a product of its own, small ones that speak
the real protocol (\`test/compatibility/servers/\`).

Programs that read no environment, each as its row says: the sandbox's CA is in \`/creel/ca.crt\`, with the public ones in
\`/creel/ca-bundle.crt\`. It is made when the pod starts, so an image cannot have it inside: its command adds it to the program's
own store, in a folder that the agent may write (Java's options then go into \`JAVA_TOOL_OPTIONS\` in the Sandbox's \`env\`).

Not tried: the browsers that OpenClaw drives, clients of Rust, .NET and Ruby, PostgreSQL and Redis over TLS.

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
