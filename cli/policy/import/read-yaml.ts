// One YAML document into located values. What lets one text mean two things to two parsers is refused: a policy that
// people review must be the policy that is imported.
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments, visit } from 'yaml';
import type { Findings } from './finding.ts';
import type { Located } from './located.ts';

const maxBytes = 1024 * 1024;
const document = { path: '(document)', line: 1 };

/** Undefined when the file cannot be read at all; the findings say why. */
export function readYaml(text: string, findings: Findings): Located | undefined {
  if (Buffer.byteLength(text) > maxBytes) {
    findings.refused(document, 'larger than 1 MiB; a policy of that size is a mistake');
    return undefined;
  }
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { version: '1.2', schema: 'core', lineCounter: lines });
  const [first, second] = 'empty' in documents ? [] : documents;
  if (first?.contents == null) {
    findings.refused(document, 'empty; expected an OpenShell policy with `version: 1`');
    return undefined;
  }
  const lineOf = (offset: number | undefined) => lines.linePos(offset ?? 0).line;
  if (second !== undefined)
    findings.refused(
      { path: '(document)', line: lineOf(second.range[0]) },
      'a second document begins here; give one file a policy',
    );
  for (const error of [...first.errors, ...first.warnings])
    findings.refused({ path: '(yaml)', line: lineOf(error.pos[0]) }, messageOf(error));
  if (first.directives?.yaml.explicit === true)
    findings.refused(document, 'a %YAML directive changes what the text means; remove it');
  visit(first, { Node: (_key, node) => checkNode(node, lineOf, findings) });
  return findings.hasRefusals ? undefined : locate(first.contents, '', lineOf, findings);
}

type LineOf = (offset: number | undefined) => number;

function messageOf(error: { readonly code: string; readonly message: string }): string {
  const what = error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? '';
  return error.code === 'DUPLICATE_KEY' ? 'the same key twice in one map; keep one of them' : what;
}

function checkNode(node: Node, lineOf: LineOf, findings: Findings): void {
  const place = { path: '(yaml)', line: lineOf(node.range?.[0]) };
  if (isAlias(node)) findings.refused(place, `alias *${node.source}; write the value out`);
  else if ('anchor' in node && node.anchor !== undefined)
    findings.refused(place, `anchor &${node.anchor}; write the value out where it is used`);
  if (node.tag !== undefined) findings.refused(place, `tag ${node.tag}; a policy has plain values only, remove it`);
}

function locate(node: unknown, path: string, lineOf: LineOf, findings: Findings): Located {
  const line = lineOf((node as Node | null)?.range?.[0]);
  if (isSeq(node)) {
    const items = node.items.map((item, at) => locate(item, `${path}[${at}]`, lineOf, findings));
    return { kind: 'list', path, line, items };
  }
  if (isMap(node)) {
    const entries = new Map<string, Located>();
    for (const { key, value } of node.items) {
      const keyLine = lineOf((key as Node | null)?.range?.[0]);
      if (!isScalar(key)) findings.refused({ path, line: keyLine }, 'a key that is no plain text');
      else if (key.value === '<<') findings.refused({ path, line: keyLine }, 'merge key <<; write the values out');
      else {
        const name = String(key.source ?? key.value);
        entries.set(name, {
          ...locate(value, path === '' ? name : `${path}.${name}`, lineOf, findings),
          line: keyLine,
        });
      }
    }
    return { kind: 'map', path, line, entries };
  }
  const value = isScalar(node) ? node.value : null;
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  const source = isScalar(node) ? (node.source ?? '') : '';
  return { kind: 'scalar', path, line, value: isPlain ? value : null, source };
}
