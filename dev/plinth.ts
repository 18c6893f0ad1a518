/**
 * `npm run plinth -- <command>`: with the settings that `npm run dev` fills in, but for production, which has its own. A database
 * elsewhere may be production's: where NODE_ENV does not say otherwise it is taken for that.
 */
import { runCommand } from '../cli/main.ts'
import { isLoopback } from '../server/platform/config/config.ts'
import { loadEnvFile } from '../server/platform/config/env-file.ts'
import { developmentEnvironment } from './defaults.ts'

loadEnvFile()
const { DATABASE_URL } = process.env
const isElsewhere =
  DATABASE_URL && /^postgres/.test(DATABASE_URL) && URL.canParse(DATABASE_URL) && !isLoopback(new URL(DATABASE_URL))
const production = (process.env.NODE_ENV || (isElsewhere ? 'production' : 'development')) === 'production'
const environment = production
  ? process.env
  : { USE_MOCK_AUTH: process.env.GOOGLE_CLIENT_ID ? '' : 'true', ...developmentEnvironment(process.env) }
process.exitCode = await runCommand(process.argv.slice(2), environment)
