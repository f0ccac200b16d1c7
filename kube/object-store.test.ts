import { array, assert, constant, constantFrom, nat, oneof, property, record, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import type { StoreChange } from '../engine/watch/watch-state.ts';
import { keyOf } from './keys.ts';
import { ObjectStore } from './object-store.ts';
import type { Change, KubeObject } from './types.ts';

interface Item extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly uid: string; readonly namespace: string };
  readonly colour: string;
}

const item = record({
  name: constantFrom('a', 'b', 'c'),
  namespace: constantFrom('n', 'm'),
  generation: nat(2),
  version: nat(50),
  colour: constantFrom('red', 'blue'),
}).map(
  ({ name, namespace, generation, version, colour }): Item => ({
    metadata: {
      name,
      namespace,
      uid: `${namespace}-${name}-${generation}`,
      resourceVersion: `${generation}.${version}`,
    },
    colour,
  }),
);
const change = oneof(
  tuple(constantFrom('Put' as const, 'Remove' as const), item).map(([type, object]) => ({ type, object })),
  tuple(constant('Replace' as const), array(item)).map(([type, items]) => ({
    type,
    objects: [...new Map(items.map(object => [keyOf(object), object])).values()],
  })),
);

test('after any changes listeners have heard exactly what the store and its indexes hold', () => {
  assert(
    property(array(change), changes => {
      const store = new ObjectStore<Item>({ colour: ({ colour }) => [colour] });
      const heard = new Map<string, Item>();
      store.subscribe(told => listen(heard, told), new AbortController().signal);
      for (const next of changes as StoreChange<Item>[]) store.take(next);
      const held = new Map(store.list().map(object => [keyOf(object), object]));
      expect(held).toEqual(heard);
      for (const colour of ['red', 'blue'])
        expect(new Set(store.byIndex('colour', colour))).toEqual(
          new Set([...held.values()].filter(object => object.colour === colour)),
        );
      for (const object of held.values()) expect(store.byUid(object.metadata.uid)).toBe(object);
      expect(store.list('n')).toHaveLength(
        [...held.values()].filter(({ metadata }) => metadata.namespace === 'n').length,
      );
    }),
  );
});

/** Every change must fit what was heard before: nothing is added twice, modified unseen or deleted twice. */
function listen(heard: Map<string, Item>, told: Change<Item>): void {
  const key = keyOf(told.object);
  const before = heard.get(key);
  expect(before === undefined).toBe(told.type === 'Added');
  if (told.type === 'Modified') {
    expect(told.before).toBe(before);
    expect(told.object.metadata.uid).toBe(before?.metadata.uid);
  }
  if (told.type === 'Deleted') heard.delete(key);
  else heard.set(key, told.object);
}

test('an object made anew under its name is a deletion and an addition', () => {
  const store = new ObjectStore<KubeObject>();
  const heard: string[] = [];
  store.subscribe(({ type, object }) => heard.push(`${type} ${object.metadata.uid}`), new AbortController().signal);
  store.take({ type: 'Put', object: { metadata: { name: 'a', uid: '1', resourceVersion: '1' } } });
  store.take({ type: 'Put', object: { metadata: { name: 'a', uid: '2', resourceVersion: '2' } } });
  expect(heard).toEqual(['Added 1', 'Deleted 1', 'Added 2']);
});

test('nobody is told after the signal', () => {
  const store = new ObjectStore<KubeObject>();
  const end = new AbortController();
  const heard: string[] = [];
  store.subscribe(({ type }) => heard.push(type), end.signal);
  end.abort();
  store.take({ type: 'Put', object: { metadata: { name: 'a', resourceVersion: '1' } } });
  expect(heard).toEqual([]);
});
