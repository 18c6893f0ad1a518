/**
 * `npm run dev`: the server, the pages (Vite) and a local OpenID provider on one terminal. The server restarts when its
 * code changes; the pages and the provider stay.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import pretty from 'pino-pretty'
import { loadEnvFile } from '../server/platform/config/env-file.ts'
import { packageFolder } from '../server/platform/config/package-folder.ts'
import { dataFolder, demoPasswords, developmentEnvironment } from './defaults.ts'
import { freePort } from './free-port.ts'
import { bundleServer } from './server-bundle.ts'

loadEnvFile()
const environment = developmentEnvironment(process.env)
const address = new URL(environment.PUBLIC_URL ?? '')
const provider =
  environment.USE_MOCK_AUTH === 'true'
    ? 'mock'
    : environment.REAL_AUTH_PROVIDER === 'none'
      ? 'none'
      : environment.GOOGLE_CLIENT_ID
        ? 'google'
        : 'local'
const port = Number(environment.PORT)
const vitePort = await freePort(port + 2)

if (provider === 'local') {
  const providerPort = await freePort(port + 1)
  Object.assign(environment, {
    GOOGLE_ISSUER: `http://localhost:${providerPort}`,
    GOOGLE_CLIENT_ID: 'plinth-development',
    GOOGLE_CLIENT_SECRET: 'known-to-everybody-and-of-no-use-elsewhere',
    PLINTH_DEMO_PASSWORDS: JSON.stringify(demoPasswords()),
  })
}

const stopping = new AbortController()
const readableLog = pretty({
  translateTime: 'HH:MM:ss',
  ignore: 'pid,service,reqId,method,route,statusCode,ms',
  messageFormat: (line, key) =>
    line.route ? `${line.method} ${line.route} ${line.statusCode} (${line.ms} ms)` : String(line[key]),
})
let restarting: Promise<void> | undefined
let wasReady = false
let serverReady = Promise.withResolvers<void>()
// The server first: it is what takes longest, and what may refuse to start.
let server = startServer(await bundleServer())
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)

const [{ createServer }, { startLocalProvider }] = await Promise.all([import('vite'), import('./openid-provider.ts')])
if (provider === 'local') {
  await startLocalProvider(Number(new URL(environment.GOOGLE_ISSUER ?? '').port), {
    clientId: environment.GOOGLE_CLIENT_ID ?? '',
    clientSecret: environment.GOOGLE_CLIENT_SECRET ?? '',
    redirectUri: `${address.origin}/auth/google/callback`,
  })
}
const vite = await createServer({
  configFile: join(packageFolder, 'vite.config.ts'),
  cacheDir: join(dataFolder, 'vite'),
  logLevel: 'warn',
  clearScreen: false,
  server: { host: '127.0.0.1', port: vitePort, strictPort: true, hmr: { host: 'localhost', clientPort: vitePort } },
})
// Its preparation of libraries occupies a core for seconds, which the server's first start needs.
await untilReady()
await vite.listen()
vite.watcher.add(['server', 'shared', 'migrations'].map((folder) => join(packageFolder, folder)))
vite.watcher.on('change', (path) => {
  const own = path.slice(packageFolder.length + 1)
  if (/^(server|shared|migrations)\//.test(own) && !own.endsWith('.test.ts')) void restartServer(own)
})

announce()

function startServer(entry: string): ChildProcess {
  serverReady = Promise.withResolvers()
  const child = spawn(process.execPath, ['--enable-source-maps', entry, `http://127.0.0.1:${vitePort}`], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  // The next server writes to it too. A server whose log nobody reads stands still once the pipe is full.
  child.stdout?.pipe(readableLog, { end: false })
  child.once('message', () => serverReady.resolve())
  child.once('exit', (code) => {
    // It said why. Only a restart after a change of the code is worth waiting for a better version.
    if (child === server && !stopping.signal.aborted && !restarting) {
      if (wasReady) console.error('The server has stopped. It starts again when its code changes.')
      else process.exit(code ?? 1)
    }
  })
  return child
}

async function restartServer(changed: string): Promise<void> {
  restarting ??= (async () => {
    console.log(`\n${changed} changed: restarting the server`)
    await stopServer()
    try {
      server = startServer(await bundleServer())
    } catch (error) {
      console.error(`${(error as Error).message}\nThe server has stopped. It starts again when its code changes.`)
      return
    } finally {
      restarting = undefined
    }
    await untilReady()
  })()
  await restarting
}

async function stopServer(): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const ended = new Promise((resolve) => server.once('exit', resolve))
  server.kill('SIGTERM')
  // Longer than its own grace: whatever holds it then holds the port and the database too.
  const tooLong = setTimeout(() => server.kill('SIGKILL'), 16_000)
  await ended
  clearTimeout(tooLong)
}

async function stop(): Promise<void> {
  stopping.abort()
  await stopServer()
  process.exit(0)
}

/** The server reports it: each poll would be a line in its log. */
async function untilReady(): Promise<void> {
  await serverReady.promise
  wasReady = true
}

/** With their initial passwords. */
function demoPeople(): string {
  const people = Object.entries(demoPasswords())
  return people.map(([email, password]) => `             ${email.padEnd(24)}${password}`).join('\n')
}

function announce() {
  const people = {
    local: `Sign-in    three demo people, at a local OpenID provider (set GOOGLE_CLIENT_ID in .env for Google) or by password:\n${demoPeople()}`,
    none: 'Sign-in    by password, and by tokens of the issuers that are set in .env',
    google: 'Sign-in    Google, as set in .env',
    mock: 'Sign-in    mock: the button signs the demo admin in at once (USE_MOCK_AUTH)',
  }
  const database = environment.DATABASE_URL?.startsWith('pglite:')
    ? 'embedded, in .data/'
    : 'Postgres, as DATABASE_URL says'
  const mail = environment.SMTP_URL ? 'sent, as SMTP_URL says' : `kept, and shown at ${address.origin}/dev/mail`
  console.log(
    `\n  Plinth is ready: ${address.origin}\n\n  Database   ${database}\n  ${people[provider]}\n  Mail       ${mail}\n  Stop       Ctrl-C\n`,
  )
}
