// Runs `npm ci` here, unless the last one was of the same package.json and package-lock.json.
import { execSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))
const wanted = ['package.json', 'package-lock.json'].map((name) => readFileSync(folder + name, 'utf8')).join('')
// `npm ci` deletes node_modules first, so a copy that is there is of an installation that succeeded.
const installed = `${folder}node_modules/.installed`
if (!existsSync(installed) || readFileSync(installed, 'utf8') !== wanted) {
  execSync('npm ci --ignore-scripts', { cwd: folder, stdio: 'inherit' })
  writeFileSync(installed, wanted)
}
