import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const sides = ['server/**', 'client/**', 'shared/**', 'dev/**', 'cli/**'].map((folder) => `${folder}/*`)

/** Long ones about doors and processes, to which it is all the same which database is behind: seen once is enough. */
const sameOnBoth = [
  'client/feed-rules.test.ts',
  'server/platform/mail/mail-sender.test.ts',
  'server/platform/trpc/streams.test.ts',
  'server/platform/trpc/lean-handler.test.ts',
  'server/platform/trpc/links.test.ts',
  'server/platform/errors/unreadable.test.ts',
  'server/platform/rest/openapi-fuzz.test.ts',
  'server/platform/mcp/hostile.test.ts',
  'server/platform/mcp/mcp.test.ts',
  'server/test/parity.test.ts',
  'server/test/role-matrix.test.ts',
  'server/platform/identity/password-hash.test.ts',
  'server/platform/identity/common-passwords.test.ts',
  'server/platform/identity/upgrade.test.ts',
  'server/features/auth/sign-in-times.test.ts',
  'dev/main.test.ts',
]

/** A process runs many files: to load the server anew for each took a third of the time. */
const inServer = { isolate: false, setupFiles: 'server/test/after-file.ts' }

const inBrowser = {
  // One Chromium for all files of a worker.
  isolate: false,
  globalSetup: 'server/test/embedded-setup.ts',
  testTimeout: 60_000,
  maxWorkers: 3,
  sequence: { groupOrder: 2 },
  // As slow as the machine may be; each wait ends as soon as it can.
  expect: { poll: { timeout: 10_000 } },
}

/** `*.pg.test.ts` needs Postgres (races, several instances, faults of the server); `*.browser.test.ts` needs Chromium. */
export default defineConfig({
  test: {
    // For a machine that is busy with other things: what is waited for ends the wait.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Half of a test is waiting for a server, a socket or a clock.
    maxWorkers: Math.min(8, availableParallelism() + 1),
    reporters: ['default', './dev/slowest-files.ts'],
    projects: [
      {
        extends: true,
        test: {
          ...inServer,
          name: 'embedded',
          include: [...sides, 'web/**/*'].map((side) => `${side}.test.ts`),
          exclude: ['**/*.pg.test.ts', '**/*.browser.test.ts'],
          globalSetup: ['server/test/embedded-setup.ts', 'server/test/built-programs.ts'],
          alias: [
            { find: /^@electric-sql\/pglite$/, replacement: `${import.meta.dirname}/server/test/pooled-pglite.ts` },
            {
              find: '@electric-sql/pglite-prepopulatedfs',
              replacement: `${import.meta.dirname}/server/test/migrated-data-dir.ts`,
            },
          ],
        },
      },
      {
        extends: true,
        test: {
          ...inServer,
          name: 'postgres',
          // More of it is waiting, for the database is another process.
          maxWorkers: Math.min(8, availableParallelism() + 2),
          // Those of one number of workers at a time, where all are run.
          sequence: { groupOrder: 1 },
          include: sides.map((side) => `${side}.test.ts`),
          exclude: ['**/*.browser.test.ts', ...sameOnBoth],
          globalSetup: ['server/test/postgres-setup.ts', 'server/test/built-programs.ts'],
        },
      },
      // Its tools are installed beside it, for they need another compiler: see contract/package.json.
      { extends: true, test: { name: 'contract', include: ['contract/**/*.test.ts'] } },
      { extends: true, test: { ...inBrowser, name: 'browser', include: ['web/**/*.browser.test.ts'] } },
      // Pages of an account and of its administrators once more; those of signing in choose the mode themselves.
      {
        extends: true,
        test: {
          ...inBrowser,
          name: 'browser-jwt',
          include: ['web/src/{account,admin}/*.browser.test.ts'],
          env: { STAGE_SESSION_MODE: 'jwt' },
        },
      },
    ],
  },
})
