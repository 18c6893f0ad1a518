/** The entry of the bundle, `node dist/plinth.js <command>`: with the settings of the server, none filled in. */
import '../server/node-version.ts'
import { enableLaunchCache } from '../server/launch-cache.ts'

enableLaunchCache()
const { runCommand } = await import('./main.ts')
const { loadEnvFile } = await import('../server/platform/config/env-file.ts')
loadEnvFile()
process.exitCode = await runCommand(process.argv.slice(2), process.env)
