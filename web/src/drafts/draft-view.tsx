/** A draft that is loaded: its people, its segments, and the place to add the next one. */
import { Button } from '@mantine/core'
import { IconArrowDown } from '@tabler/icons-react'
import { useRef } from 'react'
import type { Person } from '../../../shared/account.ts'
import { hasCapability } from '../../../shared/capabilities.ts'
import foot from '../page/foot.module.css'
import { Page } from '../page/page.tsx'
import { type DraftHead, ringHolderId } from './draft-head.ts'
import { DraftHeader } from './draft-header.tsx'
import classes from './draft-page.module.css'
import { useDraftPresence } from './people/use-draft-presence.ts'
import { Editor } from './segments/editor.tsx'
import { segmentElementId } from './segments/segment-item.tsx'
import { Segments } from './segments/segments.tsx'
import { UnsentText } from './segments/unsent-text.tsx'
import { useReadingPlace } from './segments/use-reading-place.ts'
import type { OpenDraft } from './use-draft.ts'

interface Props {
  now: OpenDraft
  draft: DraftHead
  me: Person
  isSignedIn: boolean
}

export function DraftView({ now, draft, me, isSignedIn }: Props) {
  const { live, segments } = now
  const body = useRef<HTMLDivElement>(null)
  const { seen, followEnd, markSeen } = useReadingPlace(body, segments.at(-1)?.position ?? 0)
  const { presence, others } = useDraftPresence(live, now.feed, draft, me.id)
  const arrived = segments.filter(({ position, author }) => position > seen && author?.id !== me.id)
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
        <Segments
          segments={segments}
          unsent={now.unsent}
          collaborators={draft.collaborators}
          canSend={readOnly === null}
        />
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
                <Button variant="default" size="xs" onClick={() => live.segments.restart()}>
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
  draft: DraftHead
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
