/**
 * The server of `npm run dev` as a bundle in `.data/server/`, rebuilt when any of its sources is newer. That takes a second once; loading
 * the files one by one takes three at each start. Source maps point to the source. Beside it, as beside a build, is an embedded
 * database that a first start copies.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageFolder } from '../server/platform/config/package-folder.ts'
import { dataFolder } from './defaults.ts'

const sources = ['server', 'shared', 'dev', 'package.json', 'package-lock.json', 'rolldown.config.ts']
const folder = join(dataFolder, 'server')
/** As old as the build's beginning, and written at its end. */
const stamp = join(folder, 'built')
/** Where the bundle looks for it: `readyMade` in server/platform/db/pglite-driver.ts. */
const database = join(folder, 'database')

/** Resolves to the entry. @throws what cannot be built */
export async function bundleServer(): Promise<string> {
  if (newestOf(sources.map((name) => join(packageFolder, name))) >= timeOf(stamp)) {
    const begun = new Date()
    const unpacked = unpackDatabase()
    const [{ build }, { serverBundle }] = await Promise.all([import('rolldown'), import('../rolldown.config.ts')])
    await build({ ...serverBundle({ launch: 'dev/launch.ts' }, '.data/server'), logLevel: 'warn' })
    await unpacked
    mkdirSync(folder, { recursive: true })
    writeFileSync(stamp, '')
    utimesSync(stamp, begun, begun)
  }
  return join(folder, 'launch.js')
}

/** Without the `tar` command the server creates its database itself, which takes a second longer. */
async function unpackDatabase(): Promise<void> {
  const archive = join(packageFolder, 'node_modules/@electric-sql/pglite-prepopulatedfs/dist/prepopulatedfs.tgz')
  if (timeOf(database) >= timeOf(archive)) return
  const making = `${database}.making`
  rmSync(making, { recursive: true, force: true })
  mkdirSync(making, { recursive: true, mode: 0o700 })
  try {
    await promisify(execFile)('tar', ['-xzf', archive, '-C', making])
  } catch {
    rmSync(making, { recursive: true })
    return
  }
  rmSync(database, { recursive: true, force: true })
  renameSync(making, database)
}

const timeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0

/** Of folders too: what was deleted leaves nothing else behind. */
function newestOf(paths: string[]): number {
  let newest = 0
  for (const path of paths) {
    newest = Math.max(newest, timeOf(path))
    if (!statSync(path).isDirectory()) continue
    newest = Math.max(newest, newestOf(readdirSync(path).map((name) => join(path, name))))
  }
  return newest
}
