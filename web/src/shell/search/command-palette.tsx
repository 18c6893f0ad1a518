/** Search and commands, by Ctrl/Cmd-K. */
import { useMantineColorScheme } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { hasCapability } from '../../../../shared/capabilities.ts'
import { Dialog } from '../../page/dialog.tsx'
import { useProducts } from '../../products/use-products.ts'
import { useSession } from '../../session/session.ts'
import { useReturnHere } from '../../session/sign-in-link.ts'
import type { DialogState } from '../use-lazy-dialog.ts'
import { CommandSearch } from './command-search.tsx'
import { type Command, commandsFor } from './commands.ts'
import { openHit } from './found.ts'

interface Props extends DialogState {
  onShortcuts: () => void
  onSignOut: () => void
}

export function CommandPalette({ opened, onClose, onShortcuts, onSignOut }: Props) {
  const commands = useCommands(onShortcuts, onSignOut)
  const isSignedIn = useSession().state === 'signed-in'
  const navigate = useNavigate()
  const run = (command: Command) => {
    onClose()
    command.run()
  }
  return (
    <Dialog opened={opened} onClose={onClose} title="Search and commands" isSearch>
      <CommandSearch
        commands={commands}
        isSignedIn={isSignedIn}
        onRun={run}
        onOpen={(hit) => {
          onClose()
          openHit(navigate, hit)
        }}
      />
    </Dialog>
  )
}

function useCommands(showShortcuts: () => void, signOut: () => void): Command[] {
  const session = useSession()
  const products = useProducts()
  const navigate = useNavigate()
  const returnHere = useReturnHere()
  const { setColorScheme } = useMantineColorScheme()
  return commandsFor({
    products,
    isSignedIn: session.state === 'signed-in',
    may: (access) =>
      session.state === 'signed-in' && (access === 'signed-in' || hasCapability(session.person.role, access)),
    go: ({ path, search = {} }) => void navigate({ to: path, search }),
    signIn: () => void navigate({ to: '/sign-in', search: returnHere }),
    signOut,
    setColorScheme,
    showShortcuts,
  })
}
