import { parseCursor } from '../server/platform/live/channel-event.ts'
import type { ChannelEvent } from '../shared/channels.ts'
import { exitCodes, type ProcedureCommand, Refusal } from './command.ts'
import { printable } from './text-table.ts'

export const tailCommands: Record<string, ProcedureCommand> = {
  tail: {
    summary: 'What happens in a live channel, such as draft:<id>, until Ctrl-C',
    details:
      'The events after --after, which is the `seq` or the `cursor` of one, or those from now on. Each once and in order, also through a\n' +
      'restart of the server. What people write is shown, so the audit log says that the operator followed the channel.',
    operands: ['channel'],
    options: { after: { type: 'string' }, json: { type: 'boolean' } },
    async run({ plinth, operands, options, terminal }) {
      const channel = channelOf(operands[0] ?? '')
      const after = options.after === undefined ? undefined : afterOf(String(options.after))
      if (plinth.isAlone) {
        throw new Refusal(
          'No server has the embedded database open, so nothing can happen in it. Start the server first.',
          exitCodes.unavailable,
        )
      }
      const { interrupted } = terminal
      // What is wrong with it is said better by a call.
      await plinth.call.channels.get({ channel })
      let wasLive = false
      const following = {
        channel,
        after,
        onEvent: (event: ChannelEvent, cursor: string) =>
          terminal.print(options.json ? JSON.stringify({ cursor, ...event }) : lineOf(event)),
        onResync(cursor: string) {
          if (options.json) terminal.print(JSON.stringify({ cursor, type: 'resync' }))
          terminal.complain(
            `Events are missing here: they are not kept any more, or the channel began anew. On from ${cursor}.`,
          )
        },
        onLive(isLive: boolean) {
          if (isLive === wasLive) return
          terminal.complain(isLive ? `Following ${channel}. Ctrl-C ends it.` : 'The server is away. Waiting for it.')
          wasLive = isLive
        },
      }
      await plinth.follow(following, interrupted)
    },
  },
}

/** As the table of channels has it; `drafts/<id>` is `draft:<id>`, as in addresses of pages. */
const channelOf = (text: string): string => text.replace(/^([a-z]+)s\/(?=.)/, '$1:')

function afterOf(text: string): string {
  if (parseCursor(text, '') !== null) return text
  throw new Refusal('--after takes the number of an event, or its cursor as --json shows it.', exitCodes.usage)
}

function lineOf({ at, seq, type, actorId, ...rest }: ChannelEvent): string {
  return printable(`${at}  ${seq}  ${type}  by ${actorId ?? '-'}  ${JSON.stringify(rest)}`)
}
