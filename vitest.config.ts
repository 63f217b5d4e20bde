import { defineConfig } from 'vitest/config';

/** Workspace packages resolve to their sources, so a test never runs against a stale build. */
const resolve = { conditions: ['labelstream-source'] };
const everywhere = (suffix: string) => [
  `packages/*/test/**/*.${suffix}`,
  `services/*/test/**/*.${suffix}`,
  `infra/local/test/**/*.${suffix}`,
];

export default defineConfig({
  resolve,
  ssr: { resolve },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: everywhere('test.ts'),
          exclude: ['**/*.int.test.ts', '**/*.e2e.test.ts', '**/node_modules/**'],
          // Generous, for property tests on a machine that is busy with something else.
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'int',
          include: everywhere('int.test.ts'),
          globalSetup: ['./test/engine.setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: everywhere('e2e.test.ts'),
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
