/** What stands around every page: header, navigation, the bar for bad news, toasts, and the keys that work anywhere. */
import { useHotkeys } from '@mantine/hooks'
import { Outlet, useLocation } from '@tanstack/react-router'
import { useRef } from 'react'
import { usePagesKey } from '../session/clear-pages.ts'
import { useSessionWatch } from '../session/session-watch.ts'
import { isWayIn } from '../session/sign-in-link.ts'
import { Announcer } from '../toasts/announcer.tsx'
import { Header } from './header.tsx'
import { Navigation } from './navigation.tsx'
import { useFetched } from './search/use-fetched.ts'
import classes from './shell.module.css'
import { StatusBar } from './status/status-bar.tsx'
import { useLazyDialog } from './use-lazy-dialog.ts'
import { useSignOut } from './use-sign-out.ts'

const loadPalette = async () => (await import('./search/command-palette.tsx')).CommandPalette
const loadSignOut = async () => (await import('../unsent/sign-out-dialog.tsx')).SignOutDialog
const loadShortcuts = async () => (await import('./shortcuts-dialog.tsx')).ShortcutsDialog

const loadToaster = async () => (await import('../toasts/toaster.tsx')).Toaster

export function Shell() {
  useSessionWatch()
  const Toaster = useFetched(loadToaster)
  const isBare = isWayIn(useLocation().pathname)
  return (
    <div className={classes.shell} data-bare={isBare || undefined}>
      <Workspace key={usePagesKey()} isBare={isBare} />
      {Toaster && <Toaster isBare={isBare} />}
      <Announcer />
    </div>
  )
}

/** All that shows something of the user. */
function Workspace({ isBare }: { isBare: boolean }) {
  const main = useRef<HTMLElement>(null)
  const shortcuts = useLazyDialog(loadShortcuts, 'The list of shortcuts could not be opened')
  const palette = useLazyDialog(loadPalette, 'Search could not be opened')
  const question = useLazyDialog(loadSignOut, 'Not everything is sent, and the choices could not be opened')
  const signOut = useSignOut(question.open)
  // Ctrl/Cmd-K also from within a field; a lone key only where it cannot be text.
  useHotkeys([['mod+K', palette.open]], [])
  useHotkeys([
    ['shift+?', shortcuts.open],
    ['?', shortcuts.open],
  ])

  const skip = () => {
    const heading = main.current?.querySelector('h1')
    ;(heading ?? main.current)?.focus()
  }

  return (
    <>
      <button type="button" className={classes.skip} onClick={skip}>
        Skip to content
      </button>
      <Header isBare={isBare} onSearch={palette.open} onSearchHint={palette.prefetch} onSignOut={signOut} />
      {!isBare && <Navigation onShortcuts={shortcuts.open} />}
      <StatusBar isBare={isBare} />
      <main ref={main} tabIndex={-1} className={classes.main}>
        <Outlet />
      </main>
      {palette.Dialog && <palette.Dialog {...palette.state} onShortcuts={shortcuts.open} onSignOut={signOut} />}
      {question.Dialog && <question.Dialog {...question.state} />}
      {shortcuts.Dialog && <shortcuts.Dialog {...shortcuts.state} />}
    </>
  )
}
