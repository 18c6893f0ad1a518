/** `plinth <command>`: from words to a command, and from how it ends to an exit code. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { packageFolder } from '../server/platform/config/package-folder.ts'
import { apiKeyCommands } from './api-keys.ts'
import { auditCommands } from './audit.ts'
import { type Call, type Command, exitCodes, Refusal } from './command.ts'
import { detectCommands } from './detect.ts'
import { doctorCommands } from './doctor.ts'
import { exportCommands } from './export.ts'
import { explain } from './failure.ts'
import { manual, overview, unknownCommand, usage } from './help.ts'
import { importCommands } from './import.ts'
import { legacyCommands } from './legacy.ts'
import { migrateCommands } from './migrate.ts'
import { openPlinth } from './open-plinth.ts'
import { peopleCommands } from './people.ts'
import { searchCommands } from './search.ts'
import { seedCommands } from './seed.ts'
import { tailCommands } from './tail.ts'
import { ownTerminal, type Terminal } from './terminal.ts'

const commands = new Map<string, Command>(
  Object.entries({
    ...peopleCommands,
    ...apiKeyCommands,
    ...auditCommands,
    ...legacyCommands,
    ...searchCommands,
    ...tailCommands,
    ...doctorCommands,
    ...migrateCommands,
    ...exportCommands,
    ...importCommands,
    ...seedCommands,
    ...detectCommands,
  }),
)

const general = { help: { type: 'boolean', short: 'h' }, url: { type: 'string' } } as const

type Environment = Readonly<Record<string, string | undefined>>

/** Returns the exit code. */
export async function runCommand(
  words: readonly string[],
  environment: Environment,
  terminal: Terminal = ownTerminal(),
): Promise<number> {
  try {
    return await run(words, environment, terminal)
  } catch (error) {
    const { message, exitCode } = explain(error)
    terminal.complain(message)
    return exitCode
  }
}

async function run(words: readonly string[], environment: Environment, terminal: Terminal): Promise<number> {
  const name = commandIn(words)
  const command = commands.get(name ?? '')
  if (name === undefined || command === undefined) return withoutCommand(words, terminal)
  const { values, positionals } = parseArgs({
    args: words.slice(name.split(' ').length),
    options: { ...command.options, ...general },
    allowPositionals: true,
  })
  if (values.help) {
    terminal.print(manual(commands, name))
    return 0
  }
  if (positionals.length !== (command.operands?.length ?? 0)) throw new Refusal(usage(commands, name), exitCodes.usage)
  const call = { terminal, operands: positionals, options: values as Call['options'] }

  if ('runHere' in command) {
    const { url } = values
    if (url !== undefined && command.notByUrl) throw new Refusal(command.notByUrl, exitCodes.unavailable)
    return command.runHere({ ...call, environment, url })
  }
  const plinth = await openPlinth(environment, values.url, (config) => command.allowed?.(config))
  try {
    await command.run({ ...call, plinth })
    return 0
  } finally {
    await plinth.close()
  }
}

const commandIn = (words: readonly string[]) =>
  [2, 1].map((length) => words.slice(0, length).join(' ')).find((name) => commands.has(name))

function withoutCommand(words: readonly string[], terminal: Terminal): number {
  if (words.length === 1 && words[0] === '--version') {
    const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { version: string }
    terminal.print(version)
    return 0
  }
  const asksForHelp = (word: string) => word === '--help' || word === '-h' || word === 'help'
  if (words.length > 0 && !words.some(asksForHelp)) throw unknownCommand(commands, words)
  const others = words.filter((word) => !asksForHelp(word))
  const name = commandIn(others)
  terminal.print(name === undefined ? overview(commands, others[0]) : manual(commands, name))
  return 0
}
