/** A mail is on its way, perhaps: which, nobody is told who cannot read it. */
import { Anchor, Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import classes from '../entry-card.module.css'
import { EntryCard } from '../entry-card.tsx'
import { useReturnTo } from '../sign-in-search.ts'

interface Props {
  /** To whom, and what to do with it. */
  lead: ReactNode
  onAgain: () => void
}

export function LookIntoMail({ lead, onAgain }: Props) {
  const { onTheWay } = useReturnTo()
  return (
    <EntryCard
      title="Check your inbox"
      lead={lead}
      foot={
        <p>
          <Anchor renderRoot={(props) => <Link to="/sign-in" search={onTheWay} {...props} />}>Back to sign in</Anchor>
        </p>
      }
    >
      <p className={classes.note}>
        No mail after a few minutes? Look in your spam folder, and check the address above.
      </p>
      <Button variant="default" mt="md" onClick={onAgain}>
        Use another address
      </Button>
    </EntryCard>
  )
}
