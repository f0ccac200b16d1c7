import { defineConfig } from 'vitest/config';

// One project per tier; scripts/test runs them in this order and prints a line for each.
export default defineConfig({
  test: {
    pool: 'forks',
    // Waiting is for the slowest machine under load: what holds is seen at once, and a hang is found all the same.
    expect: { poll: { timeout: 15_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['**/*.test.ts', '**/*.test.tsx'],
          exclude: ['node_modules/**', '**/*.netns.test.ts', '**/*.api.test.ts', '**/*.kubelet.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'netns',
          include: ['**/*.netns.test.ts'],
          exclude: ['node_modules/**'],
          testTimeout: 30_000,
          hookTimeout: 1_800_000,
          maxWorkers: 1,
        },
      },
      {
        extends: true,
        test: {
          name: 'api',
          include: ['**/*.api.test.ts'],
          exclude: ['node_modules/**'],
          testTimeout: 60_000,
          hookTimeout: 600_000,
          maxWorkers: 1,
          globalSetup: ['test/cluster/vitest-api.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'kubelet',
          include: ['**/*.kubelet.test.ts'],
          exclude: ['node_modules/**'],
          testTimeout: 180_000,
          hookTimeout: 1_800_000,
          maxWorkers: 1,
          fileParallelism: false,
          globalSetup: ['test/cluster/vitest-kubelet.ts'],
        },
      },
    ],
  },
});
