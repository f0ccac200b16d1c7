// A line of the sidecar's log as a person reads it: decisions in columns, everything else as it is.

/** Undefined for an empty line. */
export function auditText(line: string): string | undefined {
  if (line.trim() === '') return undefined;
  const record = parse(line);
  if (record === undefined) return line;
  const text = (name: string) => {
    const value = record[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  const time = text('time').slice(11, 19);
  if (record['msg'] !== 'connection') return [time, text('msg') || line].join(' ');
  const request = [text('method'), text('path'), text('operation')].filter(Boolean).join(' ');
  const parts = [
    time,
    text('decision').padEnd(5),
    text('reason').padEnd(17),
    `${text('host')}:${text('port')}`,
    request,
    text('status'),
    text('binary'),
    text('rule') && `rule ${text('rule')}`,
    text('approval'),
    text('error'),
  ];
  return parts.filter(Boolean).join(' ');
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = JSON.parse(line) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // The guard and node itself write plain text into the same log.
    return undefined;
  }
}
