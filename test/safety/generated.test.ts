import { describe, expect, test } from 'vitest';
import { generateAll } from '../../scripts/generate/generate-all.ts';
import { readText } from './tree.ts';

const generated = await generateAll();

describe('generated files are fresh (`npm run generate` writes them)', () => {
  test('there are some', () => expect(generated.size).toBeGreaterThan(4));
  test.each([...generated])('%s', (path, text) => expect(readText(path)).toBe(text));
});
