/** A draft that is loaded: its people, its segments, and the place to add the next one. */
import { Button } from '@mantine/core'
import { IconArrowDown } from '@tabler/icons-react'
import { useRef } from 'react'
import type { Person } from '../../../shared/account.ts'
import { hasCapability } from '../../../shared/capabilities.ts'
import type { Draft } from '../../../shared/drafts.ts'
import foot from '../page/foot.module.css'
import { Page } from '../page/page.tsx'
import { DraftHeader } from './draft-header.tsx'
import classes from './draft-page.module.css'
import { ringHolderId } from './draft-state.ts'
import { Editor } from './editor.tsx'
import type { DraftInSight, LiveDraft } from './live-draft.ts'
import { segmentElementId } from './segment-item.tsx'
import { Segments } from './segments.tsx'
import { UnsentText } from './unsent-text.tsx'
import { useDraftPresence } from './use-draft-presence.ts'
import { useReadingPlace } from './use-reading-place.ts'

interface Props {
  live: LiveDraft
  now: DraftInSight
  draft: Draft
  me: Person
  isSignedIn: boolean
}

export function DraftView({ live, now, draft, me, isSignedIn }: Props) {
  const body = useRef<HTMLDivElement>(null)
  const { seen, followEnd, markSeen } = useReadingPlace(body, draft.segments.at(-1)?.position ?? 0)
  const { presence, others } = useDraftPresence(live, now.feed, draft, me.id)
  const arrived = draft.segments.filter(({ position, author }) => position > seen && author?.id !== me.id)
  const isGone = now.isLost || !draft.collaborators.some(({ id }) => id === me.id)
  const readOnly = whyReadOnly({ isGone, draft, isSignedIn, mayWrite: hasCapability(me.role, 'draft:write') })

  const goToArrived = () => {
    const first = arrived[0] && document.getElementById(segmentElementId(arrived[0].id))
    first?.scrollIntoView({ block: 'center' })
    first?.focus({ preventScroll: true })
    markSeen()
  }

  return (
    <Page title={draft.title}>
      <div ref={body}>
        <DraftHeader
          draft={draft}
          holderId={ringHolderId(now)}
          myId={me.id}
          others={isGone ? [] : others}
          canChange={readOnly === null}
          canLeave={isSignedIn && !isGone}
        />
        <Segments live={live} draft={draft} unsent={now.unsent} me={me} canSend={readOnly === null} />
      </div>
      <div className={foot.foot}>
        {arrived.length > 0 && (
          <div className={foot.arrived}>
            <Button size="xs" radius="xl" leftSection={<IconArrowDown size="1rem" aria-hidden />} onClick={goToArrived}>
              {arrived.length} new
            </Button>
          </div>
        )}
        {readOnly === null ? (
          <Editor
            live={live}
            now={now}
            draft={draft}
            myId={me.id}
            writers={others.filter(({ writing }) => writing)}
            onWriting={(writing) => presence.tellWriting(writing)}
            onAdd={followEnd}
          />
        ) : (
          <>
            <div className={classes.readOnly} role="note">
              <span>{readOnly}</span>
              {isGone && isSignedIn && (
                <Button variant="default" size="xs" onClick={() => live.restart()}>
                  Check again
                </Button>
              )}
            </div>
            {isSignedIn && <UnsentText unsent={live.unsent} />}
          </>
        )}
      </div>
    </Page>
  )
}

interface Circumstances {
  isGone: boolean
  draft: Draft
  isSignedIn: boolean
  mayWrite: boolean
}

function whyReadOnly({ isGone, draft, isSignedIn, mayWrite }: Circumstances): string | null {
  if (!isSignedIn) return 'You can read what was loaded. Sign in again to write.'
  if (isGone)
    return 'You do not write in this draft any more. What was loaded stays readable until you leave the page; its owner can add you again.'
  if (draft.state === 'closed') return 'This draft is closed and can only be read.'
  if (!mayWrite) return 'Your role can read drafts, not write in them. An administrator can change that.'
  return null
}
