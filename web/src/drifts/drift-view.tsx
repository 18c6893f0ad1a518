/** A drift that is loaded: what it is about, what became of it, what differs, and the decision on it. */
import { Anchor, Button, Group, Kbd, Stack } from '@mantine/core'
import { useHotkeys, useNetwork } from '@mantine/hooks'
import { IconArrowLeft, IconCheck, IconX } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Decision, Drift } from '../../../shared/drifts.ts'
import { Page } from '../page/page.tsx'
import { Section } from '../page/section.tsx'
import { useSession } from '../session/session.ts'
import { DecisionNote } from './decision-note.tsx'
import type { Verdict } from './decisions.ts'
import { DifferenceList } from './difference-list.tsx'
import { DriftFacts } from './drift-facts.tsx'
import { SignedOutNote } from './drift-frame.tsx'
import { SeverityMark, StatusMark } from './drift-marks.tsx'
import classes from './drift-page.module.css'
import { useAttempt, useReview } from './drift-review.tsx'
import { resourceWords } from './drift-words.ts'
import { ReasonDialog } from './reason-dialog.tsx'
import { whyNotNow } from './refusals.ts'
import { StateDiff } from './state-diff-view.tsx'

interface Props {
  drift: Drift
  /** Not there while it is loading, or for whoever is signed out. */
  decision: Decision | undefined
  decisionFailure: unknown
  isRefreshing: boolean
  onRefresh: () => void
}

export function DriftView({ drift, decision, decisionFailure, isRefreshing, onRefresh }: Props) {
  const { decisions } = useReview()
  const attempt = useAttempt(drift.id)
  const session = useSession()
  const isSignedIn = session.state === 'signed-in'
  const me = 'person' in session ? session.person : null
  const { online } = useNetwork()
  const [verdict, setVerdict] = useState<Verdict>('approve')
  const [isAsking, setAsking] = useState(false)
  const isSending = attempt?.state === 'sending'
  const whyNot = whyNotNow({ ...drift, me, isSignedIn, online })
  const canAsk = whyNot === null && !isSending
  const ask = (wanted: Verdict) => {
    if (!canAsk || document.querySelector('[aria-modal="true"]')) return
    setVerdict(wanted)
    setAsking(true)
  }
  useHotkeys([
    ['a', () => ask('approve')],
    ['r', () => ask('reject')],
  ])
  const decide = (reason: string) => void decisions.decide(drift.id, verdict, reason)

  return (
    <Page title={resourceWords(drift.resource)} isWide>
      <SignedOutNote />
      <div className={classes.bar}>
        <div className={classes.marks}>
          <SeverityMark severity={drift.severity} />
          <StatusMark status={drift.status} attempt={attempt} />
        </div>
        <Group gap="xs">
          {!me && (
            <Button variant="default" loading={isRefreshing} onClick={onRefresh}>
              Refresh
            </Button>
          )}
          {me && drift.status === 'pending' && (
            <>
              <Button
                disabled={!canAsk}
                leftSection={<IconCheck size="1rem" aria-hidden />}
                rightSection={
                  <Kbd size="xs" aria-hidden>
                    A
                  </Kbd>
                }
                aria-keyshortcuts="a"
                onClick={() => ask('approve')}
              >
                Approve
              </Button>
              <Button
                variant="default"
                disabled={!canAsk}
                leftSection={<IconX size="1rem" aria-hidden />}
                rightSection={
                  <Kbd size="xs" aria-hidden>
                    R
                  </Kbd>
                }
                aria-keyshortcuts="r"
                onClick={() => ask('reject')}
              >
                Reject
              </Button>
            </>
          )}
        </Group>
      </div>
      <Stack gap="lg">
        <DecisionNote
          drift={drift}
          attempt={attempt}
          whyNot={me && drift.status === 'pending' && isSignedIn ? whyNot : null}
          onTryAgain={() => attempt && void decisions.decide(drift.id, attempt.verdict, attempt.reason)}
          onDiscard={() => decisions.discard(drift.id)}
        />
        <Section title="Facts">
          <DriftFacts drift={drift} decision={decision} decisionFailure={decisionFailure} />
        </Section>
        {drift.expected === undefined || drift.actual === undefined ? (
          <DifferenceList {...drift} />
        ) : (
          <StateDiff drift={drift} expected={drift.expected} actual={drift.actual} />
        )}
        <p className={classes.back}>
          <Anchor renderRoot={(props) => <Link to="/drifts" {...props} />}>
            <IconArrowLeft size="1rem" aria-hidden /> All drifts
          </Anchor>
        </p>
      </Stack>
      <ReasonDialog
        drift={drift}
        verdict={verdict}
        opened={isAsking}
        whyNot={whyNot}
        onClose={() => setAsking(false)}
        onDecide={decide}
      />
    </Page>
  )
}
