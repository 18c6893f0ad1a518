/** How urgent a drift is and what became of it: an icon and a word, never a colour alone. */
import {
  type Icon,
  IconAlertCircle,
  IconAlertOctagon,
  IconAlertTriangle,
  IconArrowBackUp,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleX,
  IconClock,
  IconInfoCircle,
} from '@tabler/icons-react'
import type { DriftStatus, Severity } from '../../../shared/drifts.ts'
import type { Attempt } from './deciding/decisions.ts'
import classes from './drift-marks.module.css'
import { severityNames, statusNames } from './drift-words.ts'

export const severityIcons: Record<Severity, Icon> = {
  critical: IconAlertOctagon,
  high: IconAlertTriangle,
  medium: IconAlertCircle,
  low: IconInfoCircle,
}

const statusIcons: Record<DriftStatus, Icon> = {
  pending: IconCircleDashed,
  approved: IconCircleCheck,
  rejected: IconCircleX,
  resolved: IconArrowBackUp,
}

const attemptWords = {
  sending: { approve: 'Approving…', reject: 'Rejecting…' },
  refused: { approve: 'Not approved', reject: 'Not rejected' },
}

export function SeverityMark({ severity }: { severity: Severity }) {
  return <Mark icon={severityIcons[severity]} word={severityNames[severity]} tone={severity} />
}

export function StatusMark({ status, attempt }: { status: DriftStatus; attempt?: Attempt | undefined }) {
  if (attempt?.state === 'sending')
    return <Mark icon={IconClock} word={attemptWords.sending[attempt.verdict]} tone="sending" />
  if (attempt?.state === 'refused')
    return <Mark icon={IconAlertTriangle} word={attemptWords.refused[attempt.verdict]} tone="refused" />
  return <Mark icon={statusIcons[status]} word={statusNames[status]} tone={status} />
}

function Mark({ icon: MarkIcon, word, tone }: { icon: Icon; word: string; tone: string }) {
  return (
    <span className={classes.mark} data-tone={tone}>
      <MarkIcon size="1.125rem" stroke={1.75} aria-hidden />
      {word}
    </span>
  )
}
