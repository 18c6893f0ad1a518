/** Faults in transactions and in what Plinth asks of Postgres. The one that takes longest comes first. */
import type { Fault } from './fault.ts'

export const databaseFaults: readonly Fault[] = [
  {
    name: 'migrations take no lock',
    file: 'server/platform/db/postgres-driver.ts',
    from: 'await lockSession(connection, signal)',
    to: '',
    foundBy: {
      project: 'postgres',
      file: 'server/platform/db/migrations.pg.test.ts',
      tests: 'told to end while it waits for its turn',
    },
  },
  {
    name: 'an event is published before its transaction commits',
    file: 'server/platform/live/publish.ts',
    from: 'if (listener) afterCommit(tx, () => listener(event))',
    to: 'if (listener && afterCommit) listener(event)',
    foundBy: { file: 'server/platform/live/publish.test.ts' },
  },
  {
    name: 'effects after the commit run when the transaction is rolled back',
    file: 'server/platform/db/transaction.ts',
    from: 'if (attempt === attempts || !isRetryable(error)) throw error',
    to: 'for (const effect of scope.after) effect()\n      if (attempt === attempts || !isRetryable(error)) throw error',
    foundBy: { file: 'server/platform/live/publish.test.ts', tests: 'rolls back' },
  },
  {
    name: 'the pool opens more connections than POOL_MAX',
    file: 'server/platform/db/postgres-driver.ts',
    from: 'openPool(config.poolMax, {',
    to: 'openPool(config.poolMax * 2, {',
    foundBy: {
      project: 'postgres',
      file: 'server/platform/db/pool-gate.pg.test.ts',
      tests: 'uses no more connections than it may',
    },
  },
  {
    name: 'a transaction in which a statement failed counts as committed',
    file: 'server/platform/db/postgres-pool.ts',
    from: "if (command !== 'COMMIT') throw new RolledBack(failure)",
    to: 'if (command === null) throw new RolledBack(failure)',
    foundBy: { project: 'postgres', file: 'server/platform/db/transaction.test.ts', tests: 'has not committed' },
  },
]
