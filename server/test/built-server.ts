/**
 * Once a run, for tests that start the server as a process of its own: the bundle, which starts in a third of the time that the source
 * takes. In node_modules/, for it has to find its packages and package.json above it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { build } from 'rolldown'
import type { TestProject } from 'vitest/node'
import { serverBundle } from '../../rolldown.config.ts'
import { packageFolder } from '../platform/config/package-folder.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of `main.js` and `plinth.js`. */
    builtServer: string
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(packageFolder, 'node_modules/.plinth-server-'))
  const entries = { main: 'server/launch.ts', plinth: 'cli/launch.ts' }
  await build({ ...serverBundle(entries, join('node_modules', basename(folder))), logLevel: 'warn' })
  project.provide('builtServer', folder)
  return () => rm(folder, { recursive: true, force: true })
}
