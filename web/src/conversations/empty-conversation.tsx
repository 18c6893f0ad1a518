/** Before the first message: what comes of writing one here. */
import classes from './conversation-page.module.css'

interface Props {
  /** Unknown while it is asked. */
  hasAssistant: boolean | undefined
  canWrite: boolean
}

export function EmptyConversation({ hasAssistant, canWrite }: Props) {
  if (!canWrite) return <p className={classes.empty}>Nothing is written here yet.</p>
  if (hasAssistant === undefined) return null
  return (
    <p className={classes.empty}>
      {hasAssistant
        ? 'Write the first message. The assistant answers it here, and you can go on from any of your devices.'
        : 'Write the first message. Everything you write is kept here for you; answers appear when a program of yours adds them with an API key.'}
    </p>
  )
}
