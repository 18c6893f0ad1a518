/** What is in the way of Plinth, and what to do: whatever else is broken, this says so and goes on. */
import type { Config } from '../server/app.ts'
import { exitCodes, type OwnCommand } from './command.ts'
import { inspectDatabase } from './doctor/database.ts'
import { type Finding, finding, reasonOf } from './doctor/finding.ts'
import { inspectStorage } from './doctor/folders.ts'
import { inspectMail } from './doctor/mail.ts'
import { inspectNode, inspectPublicUrl } from './doctor/runtime.ts'
import { inspectSettings, type Settings } from './doctor/settings.ts'
import { inspectIssuers, inspectRedis, inspectServer } from './doctor/surroundings.ts'
import { textTable } from './text-table.ts'

export const doctorCommands: Record<string, OwnCommand> = {
  doctor: {
    summary: 'Looks at settings, database, clock, mail, storage and what else Plinth needs, and says what to do',
    details:
      'Changes nothing. Ends with 0 when nothing is at fault (warnings may be), with 78 for settings at fault, else with 65.',
    options: { json: { type: 'boolean' } },
    notByUrl:
      'Doctor looks at the machine and the settings of a server: run it there. From afar, ask /readyz and /health.',
    async runHere({ environment, options, terminal }) {
      const settings = inspectSettings(environment)
      terminal.progress('Looking …')
      const findings = [inspectNode(), ...settings.findings, ...(await inspectAll(settings))]
      const isFault = ({ state }: Finding) => state === 'fault'
      const faults = findings.filter(isFault).length
      if (options.json) terminal.print(JSON.stringify({ ok: faults === 0, findings }, null, 2))
      else {
        terminal.print(
          textTable(
            ['CHECK', 'STATE', 'WHAT IS SO'],
            findings.map(({ check, state, says }) => [check, state, says]),
          ),
        )
        const warnings = findings.filter(({ state }) => state === 'warning').length
        terminal.complain(`\nAt fault: ${faults}. Warnings: ${warnings}.`)
      }
      if (settings.findings.some(isFault)) return exitCodes.config
      return faults > 0 ? exitCodes.refused : 0
    },
  },
}

async function inspectAll({ config, faulty }: Settings): Promise<Finding[]> {
  if (config === null) return []
  const look = lookWith(config, faulty)
  const found = await Promise.all([
    look('database', ['DATABASE_URL', 'DATABASE_DIRECT_URL', 'DATABASE_POOL_MAX'], inspectDatabase),
    look('public url', ['PUBLIC_URL', 'TRUST_PROXY'], inspectPublicUrl),
    look('server', ['DATABASE_URL', 'HOST', 'PORT'], async (known) => [await inspectServer(known)]),
    look('mail', ['SMTP_URL', 'MAIL_FROM'], async (known) => [await inspectMail(known)]),
    look('redis', ['REDIS_URL'], inspectRedis),
    look('issuers', [], (known) => inspectIssuers(known, faulty)),
    look('storage', ['STORAGE_URL'], inspectStorage),
  ])
  return found.flat()
}

/** Nothing that one look comes across is in the way of the others. */
function lookWith(config: Config, faulty: ReadonlySet<string>) {
  return async (
    check: string,
    needs: readonly string[],
    inspect: (config: Config) => Finding[] | Promise<Finding[]>,
  ): Promise<Finding[]> => {
    const broken = needs.filter((name) => faulty.has(name))
    if (broken.length > 0) return [finding(check, 'skipped', `Not looked at while ${broken.join(', ')} is at fault.`)]
    try {
      return await inspect(config)
    } catch (error) {
      return [finding(check, 'fault', `Could not be looked at (${reasonOf(error)}).`)]
    }
  }
}
