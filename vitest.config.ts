import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const sides = ['server/**', 'client/**', 'shared/**', 'dev/**', 'cli/**'].map((folder) => `${folder}/*`)

/**
 * Tests that prove the same on both databases, so they run on the embedded one alone. A file runs on Postgres as well if it exercises SQL
 * of its own, transactions, locks, notifications, column types, the driver or the pool. Every statement runs on Postgres in at least one
 * file. `*.pg.test.ts` is never excluded.
 */
const sameOnBoth = [
  // No database at all, or one behind an API.
  '{client,dev}/**/!(*.pg)',
  'cli/{detect*,terminal}',
  'server/{app,router}',
  // The folder of the embedded database.
  'cli/operator-file',
  'server/platform/db/{folder-lock,pglite-memory}',
  // Transports and formats: requests are parsed and responses written before and after the database is used.
  'server/platform/{config,errors,mcp,metrics,origins,rest,security-headers,sockets,trpc}/**/!(*.pg)',
  'server/platform/live/{frames,streams}',
  'server/platform/limits/open-connections',
  'server/platform/mail/mail-{inbox,sender}',
  'server/features/drafts/rest',
  // Sweeps over the router, which ask what is accepted, allowed and returned. `mutations` is about transactions.
  'server/test/**/!(*.pg|mutations)',
  // Credentials are verified before a session or a user is read.
  'server/platform/identity/{*-lattice,better-auth,common-passwords,clerk,id-token,issuers,jwks,legacy-header,page-person,provider-faults,password-hash,return-to,sign-in-attempt,upgrade}',
  // The text and the timing of responses to sign-in; `auth`, `reset-password` and `pre-hijacking` run its statements.
  'server/features/auth/{hidden-existence,sign-in-*,spellings}',
].map((path) => `${path}.test.ts`)

/** A process runs many files: to load the server anew for each took a third of the time. */
const inServer = { isolate: false, setupFiles: 'server/test/after-file.ts' }

const inBrowser = {
  // One Chromium for all files of a worker.
  isolate: false,
  globalSetup: 'server/test/embedded-setup.ts',
  maxWorkers: 3,
  sequence: { groupOrder: 2 },
}

/** `*.pg.test.ts` needs Postgres (races, several instances, faults of the server); `*.browser.test.ts` needs Chromium. */
export default defineConfig({
  test: {
    // Only a test that hangs reaches these limits, also on a busy machine. Tests wait for conditions instead of setting limits.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 120_000 } },
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
    ],
  },
})
