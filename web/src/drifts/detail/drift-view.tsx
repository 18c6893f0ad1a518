/** A drift that is loaded: what differs, the decision on it, and the way to the next one of the list. */
import { Anchor, Button, Group, Kbd, Stack } from '@mantine/core'
import { useHotkeys, useNetwork } from '@mantine/hooks'
import { IconArrowBackUp, IconArrowLeft, IconCheck, IconChevronDown, IconChevronUp, IconX } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import type { Decision, Drift, DriftHistory } from '../../../../shared/drifts.ts'
import { Page } from '../../page/page.tsx'
import { useSession } from '../../session/session.ts'
import { showFailure } from '../../toasts/toasts.tsx'
import type { Verdict } from '../deciding/decisions.ts'
import { isDialogOpen } from '../deciding/open-dialog.ts'
import { ReasonDialog, type ReasonFor } from '../deciding/reason-dialog.tsx'
import { whyNotNow } from '../deciding/refusals.ts'
import { offerUndo, undoLast } from '../deciding/undo-decisions.ts'
import { useCanDecide } from '../deciding/use-deciding.tsx'
import { SignedOutNote } from '../drift-frame.tsx'
import { SeverityMark, StatusMark } from '../drift-marks.tsx'
import { useAttempt, useReview } from '../drift-review.tsx'
import { type DriftsSearch, resourceWords } from '../drift-words.ts'
import { DecisionNote } from './decision-note.tsx'
import { DifferenceList } from './difference-list.tsx'
import { DriftFacts } from './drift-facts.tsx'
import { DriftHistoryList } from './drift-history.tsx'
import classes from './drift-page.module.css'
import { StateDiff } from './state-diff-view.tsx'
import { useGoingThrough } from './use-going-through.ts'

interface Props {
  drift: Drift
  /** Absent while it is loading, and for visitors who are signed out. */
  decision: Decision | undefined
  decisionFailure: unknown
  history: DriftHistory['items']
  /** Of the list that its user goes through. */
  search: DriftsSearch
  isRefreshing: boolean
  onRefresh: () => void
}

export function DriftView({ drift, decision, decisionFailure, history, search, isRefreshing, onRefresh }: Props) {
  const { decisions } = useReview()
  const attempt = useAttempt(drift.id)
  const session = useSession()
  const isSignedIn = session.state === 'signed-in'
  const me = 'person' in session ? session.person : null
  const { online } = useNetwork()
  const canDecide = useCanDecide()
  const through = useGoingThrough(drift.id, search)
  const [asked, setAsked] = useState<ReasonFor>('reject')
  const [isAsking, setAsking] = useState(false)
  const isSending = attempt?.state === 'sending'
  const isDecided = drift.status === 'approved' || drift.status === 'rejected'
  const whyNot = whyNotNow({ ...drift, me, isSignedIn, online })
  const whyNotReopen = whyNotNow({ status: 'pending', me, isSignedIn, online })
  const canAsk = whyNot === null && !isSending

  const decide = async (verdict: Verdict, reason: string) => {
    if (await decisions.decide(drift.id, verdict, reason)) return
    offerUndo(decisions, [drift.id], verdict, through.open)
    through.goOn()
  }
  const ask = (wanted: ReasonFor) => {
    if (isDialogOpen() || (wanted === 'reopen' ? whyNotReopen !== null : !canAsk)) return
    setAsked(wanted)
    setAsking(true)
  }
  const approve = () => {
    if (canAsk && !isDialogOpen()) void decide('approve', '')
  }
  const submit = async (reason: string) => {
    if (asked !== 'reopen') return decide(asked, reason)
    try {
      await decisions.reopen(drift.id, reason)
    } catch (error) {
      showFailure('The drift was not reopened', error)
    }
  }
  const go = (id: string | null) => () => {
    if (id && !isDialogOpen()) through.open(id)
  }
  useHotkeys([
    ['a', approve],
    ['shift+a', () => ask('approve')],
    ['r', () => ask('reject')],
    ['j', go(through.next)],
    ['k', go(through.previous)],
    ['mod+z', () => !isDialogOpen() && undoLast()],
  ])

  return (
    <Page title={resourceWords(drift.resource)} isWide>
      <SignedOutNote />
      <nav className={classes.through} aria-label="Drifts of the list">
        <Anchor renderRoot={(props) => <Link to="/drifts" search={search} {...props} />}>
          <IconArrowLeft size="1rem" aria-hidden /> All drifts
        </Anchor>
        {through.words && <span className={classes.place}>{through.words}</span>}
        <Group gap={4}>
          <Step name="Previous" letter="K" id={through.previous} onGo={go(through.previous)}>
            <IconChevronUp size="1rem" aria-hidden />
          </Step>
          <Step name="Next" letter="J" id={through.next} onGo={go(through.next)}>
            <IconChevronDown size="1rem" aria-hidden />
          </Step>
        </Group>
      </nav>
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
                rightSection={<Key letter="A" />}
                aria-keyshortcuts="a"
                onClick={approve}
              >
                Approve
              </Button>
              <Button
                variant="default"
                disabled={!canAsk}
                leftSection={<IconX size="1rem" aria-hidden />}
                rightSection={<Key letter="R" />}
                aria-keyshortcuts="r"
                onClick={() => ask('reject')}
              >
                Reject
              </Button>
              <Button variant="subtle" disabled={!canAsk} aria-keyshortcuts="Shift+a" onClick={() => ask('approve')}>
                Add a reason
              </Button>
            </>
          )}
          {canDecide && isDecided && (
            <Button
              variant="default"
              disabled={whyNotReopen !== null}
              leftSection={<IconArrowBackUp size="1rem" aria-hidden />}
              onClick={() => ask('reopen')}
            >
              Reopen
            </Button>
          )}
        </Group>
      </div>
      <Stack gap="lg">
        <DecisionNote
          drift={drift}
          attempt={attempt}
          whyNot={me && drift.status === 'pending' && isSignedIn ? whyNot : null}
          onTryAgain={() => attempt && void decide(attempt.verdict, attempt.reason)}
          onDiscard={() => decisions.discard(drift.id)}
        />
        <DriftFacts drift={drift} decision={decision} decisionFailure={decisionFailure} />
        {drift.expected === undefined || drift.actual === undefined ? (
          <DifferenceList {...drift} />
        ) : (
          <StateDiff drift={drift} expected={drift.expected} actual={drift.actual} />
        )}
        <DriftHistoryList items={history} />
      </Stack>
      <ReasonDialog
        subject={`“${resourceWords(drift.resource)}”`}
        verdict={asked}
        opened={isAsking}
        whyNot={asked === 'reopen' ? whyNotReopen : whyNot}
        onClose={() => setAsking(false)}
        onDecide={(reason) => void submit(reason)}
      />
    </Page>
  )
}

const Key = ({ letter }: { letter: string }) => (
  <Kbd size="xs" aria-hidden>
    {letter}
  </Kbd>
)

interface StepProps {
  name: string
  letter: string
  id: string | null
  onGo: () => void
  children: ReactNode
}

const Step = ({ name, letter, id, onGo, children }: StepProps) => (
  <Button
    size="compact-sm"
    variant="default"
    disabled={id === null}
    leftSection={children}
    rightSection={<Key letter={letter} />}
    aria-keyshortcuts={letter.toLowerCase()}
    onClick={onGo}
  >
    {name}
  </Button>
)
