/** The unsent text of a user who may no longer write in the draft: they can copy or discard it. */
import { Button, Textarea } from '@mantine/core'
import { CopyText } from '../../page/copy-text.tsx'
import type { UnsentStore } from '../../unsent/unsent-store.ts'
import { useUnsentText } from '../../unsent/use-unsent-text.ts'
import classes from '../draft-page.module.css'

export function UnsentText({ unsent }: { unsent: UnsentStore }) {
  const [text, setText] = useUnsentText(unsent)
  if (text.trim() === '') return null
  const discard = () => {
    setText('')
    document.querySelector('h1')?.focus({ preventScroll: true })
  }
  return (
    <div className={classes.unsent}>
      <Textarea
        label="Your unsent text"
        description="It was not added to the draft. Copy it before you discard it."
        readOnly
        autosize
        minRows={2}
        maxRows={10}
        value={text}
      />
      <div className={classes.unsentActions}>
        <Button size="xs" variant="default" onClick={discard}>
          Discard text
        </Button>
        <CopyText text={text} label="Copy text" size="xs" />
      </div>
    </div>
  )
}
