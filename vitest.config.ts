import { defineConfig } from 'vitest/config'

const sides = ['server/**', 'client/**', 'shared/**', 'dev/**'].map((folder) => `${folder}/*`)

/** `*.pg.test.ts` needs Postgres (races, several instances, faults of the server); `*.browser.test.ts` needs Chromium. */
export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'embedded',
          include: [...sides, 'web/**/*'].map((side) => `${side}.test.ts`),
          exclude: ['**/*.pg.test.ts', '**/*.browser.test.ts'],
          env: { TEST_DATABASE_URL: '' },
        },
      },
      {
        extends: true,
        test: {
          name: 'postgres',
          include: sides.map((side) => `${side}.test.ts`),
          exclude: ['**/*.browser.test.ts'],
          env: { TEST_DATABASE_URL: process.env.TEST_DATABASE_URL ?? 'postgres://127.0.0.1:5432/postgres' },
        },
      },
      {
        extends: true,
        test: { name: 'browser', include: ['web/**/*.browser.test.ts'], testTimeout: 60_000, fileParallelism: false },
      },
    ],
  },
})
