/** The newest conversations of whoever is signed in, and the way to all of them. */
import { Button } from '@mantine/core'
import { IconMessages } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import rows from '../page/row.module.css'
import { Row } from '../page/row.tsx'
import { RowSkeletons } from '../page/row-skeletons.tsx'
import { Section } from '../page/section.tsx'
import { TimeAgo } from '../page/time-ago.tsx'
import { useSession } from '../session/session.ts'
import { conversationsQuery } from './conversation-queries.ts'
import { countWords, untitled } from './conversation-words.ts'

const shown = 3

export function ConversationsGlance() {
  const session = useSession()
  const { data, error } = useQuery({ ...conversationsQuery, enabled: session.state === 'signed-in' })
  const newest = data?.items.slice(0, shown)
  return (
    <Section
      title="Conversations"
      action={
        <Button variant="default" renderRoot={(props) => <Link to="/conversations" {...props} />}>
          All conversations
        </Button>
      }
    >
      {/* A glance needs no error of its own: the page that it leads to tells it in full. */}
      {!newest &&
        (error ? (
          <p>Your conversations could not be loaded.</p>
        ) : (
          <RowSkeletons count={1} label="Loading conversations" />
        ))}
      {newest?.length === 0 && 'You have no conversations yet. Begin one there, and go on with it on any device.'}
      {newest && newest.length > 0 && (
        <ul className={rows.list} aria-label="Newest conversations">
          {newest.map(({ id, title, messageCount, updatedAt }) => (
            <li key={id}>
              <Link to="/conversations/$conversationId" params={{ conversationId: id }} className={rows.link}>
                <Row
                  icon={IconMessages}
                  strong={title ?? untitled}
                  quiet={
                    <>
                      {countWords(messageCount)} · <TimeAgo at={updatedAt} />
                    </>
                  }
                />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}
