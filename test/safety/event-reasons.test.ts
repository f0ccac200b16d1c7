// Events of the operator come from one list: the compiler holds the types, this holds that nobody goes around them.
import { expect, test } from 'vitest';
import { eventReasons } from '../../operator/event-reasons.ts';
import { listFiles, readText } from './tree.ts';

const sources = listFiles().filter(
  path => /^(kube|operator|webhook)\/.*\.ts$/.test(path) && !/\.test\.ts$|\/testing\//.test(path),
);
const textOf = (path: string) => readText(path) ?? '';
const list = 'operator/event-reasons.ts';

test('only the list itself knows events with any reason; everybody else takes its types', () => {
  const untyped = sources.filter(
    path => !path.startsWith('kube/') && path !== list && /\b(KubeEvent|EventRecorder)\b/.test(textOf(path)),
  );
  expect(untyped).toEqual([]);
});

test('nobody writes the Event resource but the recorder', () => {
  const writers = sources.filter(path => /kind: 'Event'|plural: 'events'/.test(textOf(path)));
  expect(writers).toEqual(['kube/event-recorder.ts']);
});

test('every reason of the list is written somewhere', () => {
  const rest = sources.filter(path => path !== list).map(textOf);
  expect(Object.keys(eventReasons).filter(reason => !rest.some(text => text.includes(`'${reason}'`)))).toEqual([]);
});

test('docs/audit.md shows the list', () => {
  const rows = [...textOf('docs/audit.md').matchAll(/^\| `([A-Za-z]+)` \| (.+) \|$/gm)].map(row => [row[1], row[2]]);
  const known = new Set<string | undefined>(Object.keys(eventReasons));
  expect(rows.filter(([reason]) => known.has(reason))).toEqual(Object.entries(eventReasons));
});
