/** How a difference between two states is shown, with its values or without. */
import { type Icon, IconMinus, IconPencil, IconPlus } from '@tabler/icons-react'
import { type Change, type Path, pathWords } from '../../../../shared/state-diff.ts'
import { countWords } from '../drift-words.ts'
import classes from './state-diff-view.module.css'

type Kind = Change['kind']

const kinds: Record<Kind, { word: string; icon: Icon }> = {
  added: { word: 'Added', icon: IconPlus },
  removed: { word: 'Removed', icon: IconMinus },
  changed: { word: 'Changed', icon: IconPencil },
}

export function KindMark({ kind }: { kind: Kind }) {
  const { word, icon: KindIcon } = kinds[kind]
  return (
    <span className={classes.kind}>
      <KindIcon size="1rem" aria-hidden /> {word}
    </span>
  )
}

export const PathName = ({ path }: { path: Path }) => (
  <code className={classes.path}>{pathWords(path) || 'The whole resource'}</code>
)

export const NotThere = () => <span className={classes.nothing}>Not there</span>

export function DiffHead() {
  return (
    <thead>
      <tr>
        <th scope="col">Path</th>
        <th scope="col">Expected</th>
        <th scope="col">Actual</th>
      </tr>
    </thead>
  )
}

/** Such as `1 added, 2 changed.` */
export function summaryWords(changes: readonly { kind: Kind; path: Path }[]): string {
  const [first] = changes
  if (first?.path.length === 0 && first.kind === 'added') return 'The resource should not be there, and is.'
  if (first?.path.length === 0 && first.kind === 'removed') return 'The resource should be there, and is not.'
  if (!first) return 'Both are the same.'
  const counts = (Object.keys(kinds) as Kind[]).flatMap((kind) => {
    const count = changes.filter((change) => change.kind === kind).length
    return count === 0 ? [] : `${countWords(count)} ${kinds[kind].word.toLowerCase()}`
  })
  return `${counts.join(', ')}.`
}
