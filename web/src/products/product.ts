/**
 * What a feature registers of itself beside its pages, which are in its routes.ts. Shell, home, search, audit log and offline storage read
 * it from the list in products.ts. It is part of what every page loads, so it imports components only on demand.
 */
import type { Icon } from '@tabler/icons-react'
import type { ComponentType } from 'react'
import type { Capability } from '../../../shared/capabilities.ts'
import type { OutboxWords } from '../offline/entry-words.ts'
import type { AppPath } from '../router.tsx'

export interface Product {
  name: string
  /** Its place in the navigation, in the order of the list. `labelInBar`: where the name is too long for the bar of a phone. */
  navigation?: { path: AppPath; icon: Icon; labelInBar?: string }
  /** Its entries in the menu of the signed-in user. */
  menu?: readonly MenuEntry[]
  /** What the search dialog finds of it, beside its place in the navigation. */
  commands?: readonly ProductCommand[]
  shortcuts?: readonly Shortcut[]
  /** What it is for, in one line on the home page of visitors. */
  about?: string
  /** Its section of the home page of a signed-in user: what needs them. The most urgent comes first. */
  homeSection?: { urgency: number; load: () => Promise<ComponentType<HomeSectionProps>> }
  /** What visitors see of it on the home page. */
  publicSection?: () => Promise<ComponentType>
  /** Its control in the header of a signed-in user. */
  headerControl?: () => Promise<ComponentType<{ personId: string }>>
  /** Imported once in every page, after the first paint, for what it does whichever page is open. */
  background?: () => Promise<unknown>
  /** Which of its loaded data is stored in the browser: nothing secret, no mail, and nothing that only administrators see. */
  stored?: {
    /** Paths of procedures. */
    procedures?: readonly string[]
    /** First parts of the keys of queries that call no procedure. */
    keys?: readonly string[]
  }
  /** Routers with `list` and `get` whose rows have a title, by which the outbox calls them. */
  titled?: readonly string[]
  /** What its calls do that can wait in the outbox. */
  outboxWords?: Partial<OutboxWords>
  /** What its records in the audit log say, by action, after the name of the user. */
  auditWords?: Readonly<Record<string, string>>
}

export interface HomeSectionProps {
  /** To be called with the name of the section once it is loaded, has failed, or shows nothing. */
  onReady: (name: string) => void
}

/** Users with the capability, or all who are signed in. */
export type Access = Capability | 'signed-in'

export interface MenuEntry {
  name: string
  icon: Icon
  path: AppPath
  /** Every signed-in user where absent. */
  access?: Capability
}

export interface ProductCommand {
  name: string
  group: 'Go to' | 'Commands'
  icon: Icon
  /** Other words by which users search for it. */
  alias?: string
  path: AppPath
  search?: Readonly<Record<string, unknown>>
  /** Anonymous users too where absent. */
  access?: Access
}

export interface Shortcut {
  keys: readonly string[]
  does: string
}
