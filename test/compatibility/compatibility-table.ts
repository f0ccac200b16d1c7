// docs/compatibility.md: what was tried with which program, and how it went. Written by the test, compared ever after.

export interface Row {
  readonly client: string;
  readonly version: string;
  readonly protocol: string;
  readonly allowed: string;
  readonly refused: string;
  readonly result: string;
}

const columns = ['client', 'version', 'protocol', 'allowed', 'refused, and what the client says', 'result'];

export function renderTable(rows: readonly Row[]): string {
  return [
    tableLine(columns),
    `|${columns.map(() => '---|').join('')}`,
    ...rows.map(row => tableLine(cellsOf(row))),
  ].join('\n');
}

export function parseTable(text: string): readonly Row[] {
  return text
    .split('\n')
    .filter(line => line.startsWith('| ') && !line.startsWith(`| ${columns[0]} |`))
    .map(line => {
      const [client = '', version = '', protocol = '', allowed = '', refused = '', result = ''] = line
        .slice(2, -2)
        .split(/ (?<!\\)\| /)
        .map(cell => cell.replaceAll('\\|', '|'));
      return { client, version, protocol, allowed, refused, result };
    });
}

function cellsOf({ client, version, protocol, allowed, refused, result }: Row): readonly string[] {
  return [client, version, protocol, allowed, refused, result];
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
