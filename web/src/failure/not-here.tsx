import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { Page } from '../page/page.tsx'
import classes from './failure.module.css'

interface Props {
  /** Such as `draft`. */
  what: string
  why: string
  list: '/drafts' | '/conversations' | '/drifts'
  children?: ReactNode
}

/** For something that does not exist or that the user may not see: the page is the same for both. */
export function NotHere({ what, why, list, children }: Props) {
  return (
    <Page title={`This ${what} is not here`}>
      <div className={classes.block}>
        <p>{why}</p>
        {children}
        <Button renderRoot={(props) => <Link to={list} {...props} />}>Go to {list.slice(1)}</Button>
      </div>
    </Page>
  )
}
