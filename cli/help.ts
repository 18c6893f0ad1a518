/** How commands are called, and which one was meant. */
import { type Command, exitCodes, Refusal } from './command.ts'

type Commands = ReadonlyMap<string, Command>

const general = `Settings are those of the server (.env.example explains them). While a server has the embedded database open, commands ask it.
  --url <origin>   asks the server there, with what is in PLINTH_TOKEN: an API key
  --json           for scripts, on stdout; what is beside the point is on stderr
  --version        which release this is

Exit codes: 0 done, 1 something has drifted, 64 not understood, 65 refused, 69 something is away, 70 a fault of Plinth, 78 a setting is wrong.`

/** Of the commands of `topic`, or of all when there are none. */
export function overview(commands: Commands, topic: string | undefined): string {
  const known = [...commands.keys()]
  const ofTopic = known.filter((name) => name.split(' ')[0] === topic)
  const names = ofTopic.length > 0 ? ofTopic : known
  const width = Math.max(...names.map((name) => synopsis(commands, name).length))
  const lines = names.map((name) => `  ${synopsis(commands, name).padEnd(width)}  ${commands.get(name)?.summary}`)
  return `Usage: plinth <command>, with these commands (\`--help\` after one says more):\n\n${lines.join('\n')}\n\n${general}`
}

export function usage(commands: Commands, name: string): string {
  const { options = {} } = commands.get(name) as Command
  const flags = Object.entries(options).map(([flag, { type }]) => `[--${flag}${type === 'string' ? ' …' : ''}]`)
  return `Usage: plinth ${[synopsis(commands, name), ...flags].join(' ')}`
}

export function manual(commands: Commands, name: string): string {
  const { summary, details } = commands.get(name) as Command
  return [usage(commands, name), `${summary}.`, ...(details ? [details] : [])].join('\n\n')
}

export function unknownCommand(commands: Commands, words: readonly string[]): Refusal {
  const said = words.filter((word) => !word.startsWith('-'))
  const asked = JSON.stringify(words.join(' '))
  const meant = nearest([...commands.keys()], said)
  const question = meant === null ? '' : ` Did you mean \`plinth ${meant}\`?`
  return new Refusal(`There is no command ${asked}.${question}\n\n${overview(commands, said[0])}`, exitCodes.usage)
}

const synopsis = (commands: Commands, name: string) =>
  [name, ...(commands.get(name)?.operands ?? []).map((operand) => `<${operand}>`)].join(' ')

/** Two slips at most, and fewer than letters that are right; null when nothing is as near. */
function nearest(names: readonly string[], said: readonly string[]): string | null {
  const distances = names.map((name) => {
    const typed = said.slice(0, name.split(' ').length).join(' ')
    return { name, slips: typed === '' ? Number.POSITIVE_INFINITY : slipsBetween(name, typed) }
  })
  const [first] = distances.toSorted((a, b) => a.slips - b.slips)
  return first && first.slips <= Math.min(2, first.name.length / 3) ? first.name : null
}

/** Letters left out, put in, exchanged for others, or for their neighbours (optimal string alignment). */
function slipsBetween(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, at) => at)]
  for (let i = 1; i <= a.length; i++) {
    const [above, row] = [rows[i - 1] as number[], [i]]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      let least = Math.min(
        (above[j] as number) + 1,
        (row[j - 1] as number) + 1,
        (above[j - 1] as number) + (isSame ? 0 : 1),
      )
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwapped) least = Math.min(least, (rows[i - 2]?.[j - 2] as number) + 1)
      row.push(least)
    }
    rows.push(row)
  }
  return rows.at(-1)?.at(-1) ?? 0
}
