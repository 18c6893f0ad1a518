/**
 * The server of `npm run dev` as a bundle in `.data/server/`, made anew when any of its sources is newer: a second once, where loading
 * the files one by one takes three at each start. Maps lead from it back to the source.
 */
import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder } from '../server/platform/config/package-folder.ts'
import { dataFolder } from './defaults.ts'

const sources = ['server', 'shared', 'dev', 'package.json', 'package-lock.json', 'rolldown.config.ts']
const folder = join(dataFolder, 'server')
/** As old as the build's beginning, and written at its end. */
const stamp = join(folder, 'built')

/** Resolves to the entry. @throws what cannot be built */
export async function bundleServer(): Promise<string> {
  if (newestOf(sources.map((name) => join(packageFolder, name))) >= timeOf(stamp)) {
    const begun = new Date()
    const [{ build }, { serverBundle }] = await Promise.all([import('rolldown'), import('../rolldown.config.ts')])
    await build({ ...serverBundle({ launch: 'dev/launch.ts' }, '.data/server'), logLevel: 'warn' })
    mkdirSync(folder, { recursive: true })
    writeFileSync(stamp, '')
    utimesSync(stamp, begun, begun)
  }
  return join(folder, 'launch.js')
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
