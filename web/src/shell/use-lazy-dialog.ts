/**
 * A dialog whose code is fetched apart from the shell. It is there, closed, before it opens: only so does it know where
 * the focus came from, and gives it back.
 */
import { type ComponentType, useCallback, useState } from 'react'
import { showProblem } from '../toasts/toasts.tsx'

export interface DialogState {
  opened: boolean
  onClose: () => void
}

type Load<Props> = () => Promise<ComponentType<Props & DialogState>>

export function useLazyDialog<Props>(load: Load<Props>, failureTitle: string) {
  const [Dialog, setDialog] = useState<ComponentType<Props & DialogState> | null>(null)
  const [opened, setOpened] = useState(false)
  const onClose = useCallback(() => setOpened(false), [])

  const fetchCode = useCallback(async () => {
    const component = await load()
    setDialog(() => component)
  }, [load])

  /** On a hint that it may be wanted. Failing is no news until somebody asks for the dialog. */
  const prefetch = useCallback(() => void fetchCode().catch(() => {}), [fetchCode])

  const open = useCallback(async () => {
    try {
      await fetchCode()
      requestAnimationFrame(() => setOpened(true))
    } catch {
      showProblem(failureTitle, 'Check your connection, then try again.', { code: 'NETWORK_ERROR', requestId: null })
    }
  }, [fetchCode, failureTitle])

  return { Dialog, state: { opened, onClose }, open, prefetch }
}
