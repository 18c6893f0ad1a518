import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { Page } from '../page/page.tsx'
import classes from './failure.module.css'

interface Props {
  /** Such as `draft`. */
  what: string
  why: string
  list: '/drafts' | '/conversations' | '/drifts'
}

/** One thing that is gone, or is not for whoever looks: that is not told apart. */
export function NotHere({ what, why, list }: Props) {
  return (
    <Page title={`This ${what} is not here`}>
      <div className={classes.block}>
        <p>{why}</p>
        <Button renderRoot={(props) => <Link to={list} {...props} />}>Go to {list.slice(1)}</Button>
      </div>
    </Page>
  )
}
