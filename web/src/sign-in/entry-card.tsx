/** The frame of the pages on the way in: one card, alone on the page. */
import { type ReactNode, useEffect } from 'react'
import { noteNavigation } from '../page/navigation.ts'
import { Page } from '../page/page.tsx'
import { BrandMark } from '../shell/brand.tsx'
import classes from './entry-card.module.css'

interface Props {
  /** For the browser's tab. */
  title: string
  heading?: string
  /** One or two sentences under the heading. */
  lead?: ReactNode
  children: ReactNode
  /** Ways to the other pages on the way in. */
  foot?: ReactNode
}

export function EntryCard({ title, heading, lead, children, foot }: Props) {
  // Only after the effects of the page itself: the first card may be what the app was opened on, the next ones are not.
  useEffect(noteNavigation, [])
  return (
    <div className={classes.card}>
      <BrandMark size="3rem" />
      {/* Another heading is another page: it takes the focus. */}
      <Page key={heading ?? title} title={title} heading={heading}>
        {lead && <div className={classes.lead}>{lead}</div>}
        {children}
        {foot && <div className={classes.foot}>{foot}</div>}
      </Page>
    </div>
  )
}
