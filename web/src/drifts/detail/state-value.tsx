/** A value of a state. Users who may decide on drifts can reveal each hidden value in it, and each reveal is recorded. */
import { Button } from '@mantine/core'
import { createContext, useContext, useState } from 'react'
import type { RevealValue } from '../../../../shared/drifts.ts'
import { hiddenMark } from '../../../../shared/hidden-values.ts'
import { type Path, pathWords } from '../../../../shared/state-diff.ts'
import { plinth } from '../../plinth.ts'
import { showFailure } from '../../toasts/toasts.tsx'
import { countWords } from '../drift-words.ts'
import classes from './state-diff-view.module.css'

/** The drift whose values the user may reveal, or null. Revealed values are removed when its version changes. */
const Revealable = createContext<{ id: string; version: number } | null>(null)
export const RevealableProvider = Revealable.Provider

type Side = RevealValue['side']

interface Props {
  value: unknown
  side: Side
  path: Path
}

const shownAtFirst = 20

export const toText = (value: unknown) => JSON.stringify(value, null, 2)

export function StateValue({ value, side, path }: Props) {
  const drift = useContext(Revealable)
  const [shown, setShown] = useState(shownAtFirst)
  const hidden = drift ? hiddenPaths(value, path) : []
  const left = hidden.length - shown
  return (
    <>
      <pre className={classes.json}>{toText(value)}</pre>
      {drift &&
        hidden
          .slice(0, shown)
          .map((at) => (
            <Reveal
              key={`${drift.version} ${JSON.stringify(at)}`}
              driftId={drift.id}
              side={side}
              path={at}
              isPart={at.length > path.length}
            />
          ))}
      {left > 0 && (
        <Button size="compact-xs" variant="subtle" onClick={() => setShown(shown + 100)}>
          {countWords(left)} more hidden values
        </Button>
      )}
    </>
  )
}

function Reveal({ driftId, side, path, isPart }: { driftId: string; side: Side; path: Path; isPart: boolean }) {
  const [revealed, setRevealed] = useState<{ value: unknown } | null>(null)
  const [isAsking, setAsking] = useState(false)
  const name = pathWords(path)
  const reveal = async () => {
    if (isAsking) return
    setAsking(true)
    try {
      // Cached neither as a query nor as a mutation, so that it is removed with the page.
      setRevealed(await plinth.drifts.reveal.mutate({ driftId, side, path: [...path] }))
    } catch (error) {
      showFailure('The value was not revealed', error)
    } finally {
      setAsking(false)
    }
  }
  return (
    <div className={classes.reveal}>
      {isPart && <code className={classes.path}>{name}</code>}
      <Button
        size="compact-xs"
        variant="default"
        // A button that is disabled meanwhile would lose the focus.
        aria-busy={isAsking}
        aria-label={`${revealed ? 'Hide' : 'Reveal'} ${name}, ${side}`}
        onClick={() => (revealed ? setRevealed(null) : void reveal())}
      >
        {isAsking ? 'Revealing…' : revealed ? 'Hide' : 'Reveal'}
      </Button>
      <div role="status">{revealed && <pre className={classes.json}>{toText(revealed.value)}</pre>}</div>
    </div>
  )
}

function hiddenPaths(value: unknown, path: Path): Path[] {
  if (typeof value === 'string') return hiddenMark.test(value) ? [path] : []
  if (Array.isArray(value)) return value.flatMap((inner, place) => hiddenPaths(inner, [...path, place]))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => hiddenPaths(inner, [...path, name]))
}
