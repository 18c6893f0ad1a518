/** The drifts of a list that are selected to be decided together. */
import { useMemo, useRef, useState } from 'react'
import type { DriftSummary } from '../../../../shared/drifts.ts'
import { useReview } from '../drift-review.tsx'
import type { DriftsSearch } from '../drift-words.ts'
import { viewOf } from './drift-rules.ts'

/** Ten calls of the server. */
export const selectedAtMost = 1000

const none: ReadonlySet<string> = new Set()

export function useSelection(rows: readonly DriftSummary[], search: DriftsSearch, canSelect: boolean) {
  const { list: store } = useReview()
  const view = viewOf(search)
  const [chosen, setChosen] = useState({ view, ids: none })
  const [isSelectingAll, setSelectingAll] = useState(false)
  /** From where a range is selected. */
  const anchor = useRef<string | null>(null)
  // Those that were decided since are not selected any more.
  const selectable = useMemo(
    () => (canSelect ? rows.filter(({ status }) => status === 'pending').slice(0, selectedAtMost) : []),
    [rows, canSelect],
  )
  const ids = useMemo(
    () => selectable.flatMap(({ id }) => (chosen.view === view && chosen.ids.has(id) ? id : [])),
    [selectable, chosen, view],
  )
  const set = (next: Iterable<string>) => setChosen({ view, ids: new Set(next) })
  const clear = () => {
    anchor.current = null
    set([])
  }
  const range = (from: number, to: number) => rows.slice(Math.min(from, to), Math.max(from, to) + 1).map(({ id }) => id)

  return {
    ids,
    count: ids.length,
    /** How many could be, of those that are loaded. */
    selectable: selectable.length,
    isSelectingAll,
    has: (driftId: string) => ids.includes(driftId),
    clear,
    /** `isRange`: with all from the last one to this one. */
    toggle(index: number, isRange: boolean) {
      const id = rows[index]?.id
      if (id === undefined || !canSelect) return
      const from = rows.findIndex((row) => row.id === anchor.current)
      anchor.current = id
      if (isRange && from !== -1) set([...ids, ...range(from, index)])
      else set(ids.includes(id) ? ids.filter((other) => other !== id) : [...ids, id])
    },
    extend(from: number, to: number) {
      if (canSelect) set([...ids, ...range(from, to)])
    },
    selectLoaded: () => set(selectable.map(({ id }) => id)),
    /** All that match, whether they are loaded or not; at most `selectedAtMost`. */
    async selectAll() {
      if (isSelectingAll) return
      setSelectingAll(true)
      await store.loadUntil(selectedAtMost)
      setSelectingAll(false)
      set((store.now().list?.rows ?? []).map(({ id }) => id))
    },
  }
}

export type Selection = ReturnType<typeof useSelection>
