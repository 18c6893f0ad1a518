/**
 * Once a run: the server, the commands and the programs of tests, bundled as in production. A process that loads the source file by
 * file takes two seconds of a core until it does anything.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'rolldown'
import type { TestProject } from 'vitest/node'
import bundle from '../../rolldown.config.ts'
import { packageFolder } from '../platform/config/package-folder.ts'

declare module 'vitest' {
  interface ProvidedContext {
    builtPrograms: string
  }
}

const programsOfTests = ['folder-lock-child', 'folder-writer-child', 'herd-child']

export async function setup(project: TestProject): Promise<() => void> {
  // Inside the package, where a program finds its dependencies and its migrations.
  const cache = join(packageFolder, 'node_modules', '.cache')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'plinth-test-'))
  await build({
    ...bundle,
    cwd: packageFolder,
    input: {
      ...(bundle.input as Record<string, string>),
      ...Object.fromEntries(programsOfTests.map((name) => [name, `server/test/${name}.ts`])),
    },
    output: { ...bundle.output, dir: folder, sourcemap: false },
  })
  project.provide('builtPrograms', folder)
  return () => rmSync(folder, { recursive: true, force: true })
}
