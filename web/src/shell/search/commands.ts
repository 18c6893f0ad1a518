/** What can be reached and done from anywhere, as the search dialog offers it. Depends on who is signed in. */
import type { MantineColorScheme } from '@mantine/core'
import { type Icon, IconBrightness, IconKeyboard, IconLogin, IconLogout, IconMoon, IconSun } from '@tabler/icons-react'
import type { Access, Product, ProductCommand } from '../../products/product.ts'

export interface Command {
  name: string
  group: 'Go to' | 'Commands'
  icon: Icon
  /** Other words by which users search for it. */
  alias?: string
  run: () => void
}

interface Reach {
  products: readonly Product[]
  isSignedIn: boolean
  may: (access: Access) => boolean
  go: (target: Pick<ProductCommand, 'path' | 'search'>) => void
  signIn: () => void
  signOut: () => void
  setColorScheme: (scheme: MantineColorScheme) => void
  showShortcuts: () => void
}

export function commandsFor({
  products,
  isSignedIn,
  may,
  go,
  signIn,
  signOut,
  setColorScheme,
  showShortcuts,
}: Reach): Command[] {
  const action = (name: string, icon: Icon, run: () => void, alias?: string): Command => {
    return { name, icon, alias, group: 'Commands', run }
  }
  return [
    ...products.flatMap(({ name, navigation }): Command[] =>
      navigation ? [{ name, icon: navigation.icon, group: 'Go to', run: () => go(navigation) }] : [],
    ),
    ...products
      .flatMap(({ commands }) => commands ?? [])
      .filter(({ access }) => access === undefined || may(access))
      .map((command): Command => ({ ...command, run: () => go(command) })),
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
