import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { requireDiskSpace } from './require-disk-space.ts';

test('room enough is no matter', async () => {
  await requireDiskSpace(tmpdir(), 1, 'A test');
});

test('too little room is refused with what is needed, where, and how to get it', async () => {
  await expect(requireDiskSpace(tmpdir(), 2 ** 40, 'A test')).rejects.toThrow(
    /^A test needs 1099511627776 MiB free at .+, and there are \d+\. Free some disk \(`go clean -cache`/,
  );
});
