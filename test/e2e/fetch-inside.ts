import type { SandboxNamespace } from './sandbox-namespace.ts';

/** HTTP status of a GET from inside, 0 when there was no answer; and the body. */
export async function fetchInside(
  namespace: SandboxNamespace,
  sandbox: string,
  url: string,
): Promise<{ readonly status: number; readonly body: string; readonly error: string }> {
  const { stdout, stderr } = await namespace.inside(sandbox, `curl -sS -m 10 -w '\\n%{http_code}' '${url}'`);
  const lines = stdout.trimEnd().split('\n');
  return { status: Number(lines.pop() ?? 0), body: lines.join('\n'), error: stderr };
}
