import { type ProcedureCommand, Refusal } from './command.ts'
import { textTable } from './text-table.ts'

export const seedCommands: Record<string, ProcedureCommand> = {
  seed: {
    summary: 'Three demo people for development, with new passwords, which are shown this once',
    options: { json: { type: 'boolean' } },
    allowed(config) {
      if (config.production) throw new Refusal('Demo people are for development: refused in production.')
    },
    async run({ plinth, options, terminal }) {
      const people = await plinth.call.people.seed()
      if (options.json) return terminal.print(JSON.stringify(people, null, 2))
      terminal.print(
        textTable(
          ['E-MAIL', 'PASSWORD', 'ROLE'],
          people.map(({ email, password, role }) => [email, password, role]),
        ),
      )
    },
  },
}
