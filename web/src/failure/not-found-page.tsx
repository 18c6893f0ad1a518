import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { Page } from '../page/page.tsx'
import classes from './failure.module.css'

export function NotFoundPage() {
  return (
    <Page title="There is no page at this address">
      <div className={classes.block}>
        <p>The link may be old or mistyped. Try to find the page from home.</p>
        <Button renderRoot={(props) => <Link to="/" {...props} />}>Go to home</Button>
      </div>
    </Page>
  )
}
