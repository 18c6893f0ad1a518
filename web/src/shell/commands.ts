/** What can be reached and done from anywhere, as the search dialog offers it. Depends on who is signed in. */
import type { MantineColorScheme } from '@mantine/core'
import {
  type Icon,
  IconApi,
  IconBrightness,
  IconChartBar,
  IconDevices,
  IconHistory,
  IconKey,
  IconKeyboard,
  IconLogin,
  IconLogout,
  IconMessagePlus,
  IconMoon,
  IconPlus,
  IconSun,
  IconUserCircle,
  IconUsers,
} from '@tabler/icons-react'
import type { Capability } from '../../../shared/capabilities.ts'
import type { AppPath } from '../router.tsx'
import { products } from './products.ts'

export const commandGroups = ['Go to', 'Commands'] as const

export interface Command {
  name: string
  group: (typeof commandGroups)[number]
  icon: Icon
  /** Other words by which people look for it. */
  alias?: string
  run: () => void
}

interface Reach {
  isSignedIn: boolean
  may: (capability: Capability) => boolean
  go: (path: AppPath) => void
  newTask: () => void
  signIn: () => void
  signOut: () => void
  setColorScheme: (scheme: MantineColorScheme) => void
  showShortcuts: () => void
}

export function commandsFor({
  isSignedIn,
  may,
  go,
  newTask,
  signIn,
  signOut,
  setColorScheme,
  showShortcuts,
}: Reach): Command[] {
  const page = (name: string, icon: Icon, path: AppPath, alias?: string): Command => {
    return { name, icon, alias, group: 'Go to', run: () => go(path) }
  }
  const action = (name: string, icon: Icon, run: () => void, alias?: string): Command => {
    return { name, icon, alias, group: 'Commands', run }
  }
  return [
    ...products.map(({ label, icon, path }) => page(label, icon, path)),
    page('Drifts: dashboard', IconChartBar, '/drifts/dashboard', 'figures metrics charts'),
    ...(isSignedIn
      ? [
          page('Account: profile', IconUserCircle, '/account', 'display name picture'),
          page('Account: devices', IconDevices, '/account/devices', 'sessions'),
          page('Account: sign-in methods', IconKey, '/account/sign-in-methods', 'identities google unlink password'),
          page('Account: API keys', IconApi, '/account/api-keys', 'tokens programs secrets'),
        ]
      : []),
    ...(may('person:manage') ? [page('People', IconUsers, '/admin/people', 'admin users roles disable')] : []),
    ...(may('person:manage')
      ? [page('API keys of everybody', IconApi, '/admin/api-keys', 'admin tokens programs revoke')]
      : []),
    ...(may('audit-log:read') ? [page('Audit log', IconHistory, '/admin/audit', 'admin records history changes')] : []),
    ...(may('task:write') ? [action('New task', IconPlus, newTask, 'add create to-do')] : []),
    ...(may('conversation:write')
      ? [action('New conversation', IconMessagePlus, () => go('/conversations/new'), 'begin write ask assistant chat')]
      : []),
    action('Use light colours', IconSun, () => setColorScheme('light'), 'theme colour scheme bright'),
    action('Use dark colours', IconMoon, () => setColorScheme('dark'), 'theme colour scheme night'),
    action('Use the colours of the system', IconBrightness, () => setColorScheme('auto'), 'theme colour scheme auto'),
    action('Show keyboard shortcuts', IconKeyboard, showShortcuts, 'help keys'),
    isSignedIn
      ? action('Sign out', IconLogout, signOut, 'log out leave')
      : action('Sign in', IconLogin, signIn, 'log in'),
  ]
}

/** Every word of the search begins a word of the command. */
export function matches({ name, alias = '' }: Command, search: string): boolean {
  const words = `${name} ${alias}`.toLowerCase().split(/[\s:-]+/)
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((part) => words.some((word) => word.startsWith(part)))
}
