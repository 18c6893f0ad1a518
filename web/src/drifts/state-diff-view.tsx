/** Both states side by side, path by path; on a phone one above the other. What is the same is folded until asked for. */
import { Button, Group, UnstyledButton } from '@mantine/core'
import { type Icon, IconChevronRight, IconMinus, IconPencil, IconPlus } from '@tabler/icons-react'
import { Fragment, useMemo, useState } from 'react'
import type { ResourceState } from '../../../shared/drifts.ts'
import { CopyText } from '../page/copy-text.tsx'
import { Section } from '../page/section.tsx'
import { countWords } from './drift-words.ts'
import { type Change, type Difference, diffStates, isChange, type Path, pathWords, stretches } from '../../../shared/state-diff.ts'
import classes from './state-diff-view.module.css'

interface Props {
  expected: ResourceState
  actual: ResourceState
  /** Values that look like secrets were left out. */
  isPublic: boolean
}

/** More than anybody reads, and than a phone likes to draw. */
const shownAtFirst = 200

export function StateDiff({ expected, actual, isPublic }: Props) {
  const differences = useMemo(() => diffStates(expected, actual), [expected, actual])
  const [shown, setShown] = useState(shownAtFirst)
  const changes = differences.filter(isChange)
  const parts = stretches(differences.slice(0, shown))
  const left = differences.length - shown
  return (
    <Section
      title="Expected and actual"
      about={
        <>
          {summaryWords(changes, expected, actual)}
          {isPublic && ' Values that may be secret are shown to signed-in people only.'}
        </>
      }
      action={
        <Group gap="xs">
          <CopyText text={toText(expected)} label="Copy expected" size="xs" />
          <CopyText text={toText(actual)} label="Copy actual" size="xs" />
        </Group>
      }
    >
      <table className={classes.diff} aria-label="What differs">
        <thead>
          <tr>
            <th scope="col">Path</th>
            <th scope="col">Expected</th>
            <th scope="col">Actual</th>
          </tr>
        </thead>
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
      {left > 0 && (
        <Button variant="default" mt="md" onClick={() => setShown(shown + 1000)}>
          Show {countWords(Math.min(left, 1000))} more
        </Button>
      )}
    </Section>
  )
}

const kinds: Record<Change['kind'], { word: string; icon: Icon }> = {
  added: { word: 'Added', icon: IconPlus },
  removed: { word: 'Removed', icon: IconMinus },
  changed: { word: 'Changed', icon: IconPencil },
}

function ChangeRow({ change }: { change: Change }) {
  const { word, icon: KindIcon } = kinds[change.kind]
  return (
    <tr data-kind={change.kind}>
      <th scope="row">
        <span className={classes.kind}>
          <KindIcon size="1rem" aria-hidden /> {word}
        </span>
        <PathName path={change.path} />
      </th>
      <td data-side="Expected">{'expected' in change ? <Json value={change.expected} /> : <Nothing />}</td>
      <td data-side="Actual">{'actual' in change ? <Json value={change.actual} /> : <Nothing />}</td>
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
              <Json value={value} />
            </td>
          </tr>
        ))}
    </Fragment>
  )
}

const PathName = ({ path }: { path: Path }) => (
  <code className={classes.path}>{pathWords(path) || 'The whole resource'}</code>
)

const toText = (value: unknown) => JSON.stringify(value, null, 2)

const Json = ({ value }: { value: unknown }) => <pre className={classes.json}>{toText(value)}</pre>

const Nothing = () => <span className={classes.nothing}>Not there</span>

const keyOf = (difference: Difference | undefined) => JSON.stringify([difference?.kind, difference?.path])

const namesShown = 4
function namesIn(parts: Difference[]): string {
  const names = parts.slice(0, namesShown).map(({ path }) => pathWords(path) || 'the whole resource')
  return parts.length > namesShown ? `${names.join(', ')} …` : names.join(', ')
}

function summaryWords(changes: Change[], expected: ResourceState, actual: ResourceState): string {
  if (expected === null) return 'The resource should not be there, and is.'
  if (actual === null) return 'The resource should be there, and is not.'
  if (changes.length === 0) return 'Both are the same.'
  const counts = (Object.keys(kinds) as Change['kind'][]).flatMap((kind) => {
    const count = changes.filter((change) => change.kind === kind).length
    return count === 0 ? [] : `${countWords(count)} ${kinds[kind].word.toLowerCase()}`
  })
  return `${counts.join(', ')}.`
}
