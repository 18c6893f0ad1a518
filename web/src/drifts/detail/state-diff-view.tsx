/** Both states side by side, path by path; on a phone one above the other. What is the same is folded until asked for. */
import { Button, Group, UnstyledButton } from '@mantine/core'
import { IconChevronRight } from '@tabler/icons-react'
import { Fragment, useMemo, useState } from 'react'
import { hasCapability } from '../../../../shared/capabilities.ts'
import type { ResourceState } from '../../../../shared/drifts.ts'
import { hiddenMark } from '../../../../shared/hidden-values.ts'
import {
  type Change,
  type Difference,
  diffStates,
  isChange,
  pathWords,
  stretches,
} from '../../../../shared/state-diff.ts'
import { CopyText } from '../../page/copy-text.tsx'
import { Section } from '../../page/section.tsx'
import { useSession } from '../../session/session.ts'
import { countWords } from '../drift-words.ts'
import { DiffHead, KindMark, NotThere, PathName, summaryWords } from './change-marks.tsx'
import classes from './state-diff-view.module.css'
import { RevealableProvider, StateValue, toText } from './state-value.tsx'

interface Props {
  drift: { id: string; version: number }
  /** Both with secrets hidden. */
  expected: ResourceState
  actual: ResourceState
}

const hiddenWords =
  'Values that look like secrets are shown as [hidden]. Where the other side has a different secret, it is shown as [hidden 2].'
const revealWords = 'Select Reveal below one to see it; the audit log records that.'

/** More than a user reads, and than a phone can render quickly. */
const shownAtFirst = 200

export function StateDiff({ drift, expected, actual }: Props) {
  const session = useSession()
  const canReveal = session.state === 'signed-in' && hasCapability(session.person.role, 'drift:decide')
  const differences = useMemo(() => diffStates(expected, actual), [expected, actual])
  const [shown, setShown] = useState(shownAtFirst)
  const changes = differences.filter(isChange)
  const parts = stretches(differences.slice(0, shown))
  const left = differences.length - shown
  const hasHidden = hiddenMark.test(toText([expected, actual]))
  return (
    <Section
      title="Expected and actual"
      about={
        <>
          {summaryWords(changes)}
          {hasHidden && ` ${hiddenWords} ${canReveal ? revealWords : 'Engineers and admins can reveal them.'}`}
        </>
      }
      action={
        <Group gap="xs">
          <CopyText text={toText(expected)} label="Copy expected" size="xs" />
          <CopyText text={toText(actual)} label="Copy actual" size="xs" />
        </Group>
      }
    >
      <RevealableProvider value={canReveal ? drift : null}>
        <table className={classes.diff} aria-label="What differs">
          <DiffHead />
          <tbody>
            {parts.map((part) =>
              part.kind === 'changes' ? (
                part.changes.map((change) => <ChangeRow key={keyOf(change)} change={change} />)
              ) : (
                <Fold key={`same ${keyOf(part.parts[0])}`} parts={part.parts} />
              ),
            )}
          </tbody>
        </table>
      </RevealableProvider>
      {left > 0 && (
        <Button variant="default" mt="md" onClick={() => setShown(shown + 1000)}>
          Show {countWords(Math.min(left, 1000))} more
        </Button>
      )}
    </Section>
  )
}

function ChangeRow({ change }: { change: Change }) {
  return (
    <tr data-kind={change.kind}>
      <th scope="row">
        <KindMark kind={change.kind} />
        <PathName path={change.path} />
      </th>
      <td data-side="Expected">
        {'expected' in change ? (
          <StateValue value={change.expected} side="expected" path={change.expectedPath} />
        ) : (
          <NotThere />
        )}
      </td>
      <td data-side="Actual">
        {'actual' in change ? <StateValue value={change.actual} side="actual" path={change.path} /> : <NotThere />}
      </td>
    </tr>
  )
}

function Fold({ parts }: { parts: (Difference & { kind: 'same' })[] }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <Fragment>
      <tr className={classes.fold}>
        <td colSpan={3}>
          <UnstyledButton className={classes.foldButton} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            <IconChevronRight size="1rem" aria-hidden />
            <span>
              {countWords(parts.length)} unchanged<span className={classes.names}>: {namesIn(parts)}</span>
            </span>
          </UnstyledButton>
        </td>
      </tr>
      {isOpen &&
        parts.map(({ path, value }) => (
          <tr key={JSON.stringify(path)} data-kind="same">
            <th scope="row">
              <PathName path={path} />
            </th>
            <td colSpan={2} data-side="Both">
              <StateValue value={value} side="actual" path={path} />
            </td>
          </tr>
        ))}
    </Fragment>
  )
}

const keyOf = (difference: Difference | undefined) => JSON.stringify([difference?.kind, difference?.path])

const namesShown = 4
function namesIn(parts: Difference[]): string {
  const names = parts.slice(0, namesShown).map(({ path }) => pathWords(path) || 'the whole resource')
  return parts.length > namesShown ? `${names.join(', ')} …` : names.join(', ')
}
