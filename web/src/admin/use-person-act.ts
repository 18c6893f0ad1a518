/** Asks, does and tells: one act on one person at a time. Each needs a fresh sign-in. */
import { useMutation } from '@tanstack/react-query'
import { type RefObject, useState } from 'react'
import { errorCode } from '../../../client/plinth.ts'
import type { ManagedPerson } from '../../../shared/people.ts'
import { useReauthentication } from '../account/use-reauthentication.ts'
import { lookForSession } from '../session/session.ts'
import { showDone, showFailure } from '../toasts/toasts.tsx'
import { reloadPeople } from './admin-queries.ts'
import { type Act, actOn } from './person-acts.ts'

interface Asked {
  person: ManagedPerson
  act: Act
  opener: HTMLElement | null
}

/** `fallback` gets the focus where the row that had it is no longer listed. */
export function usePersonAct(myId: string, fallback: RefObject<HTMLElement | null>) {
  const [target, setTarget] = useState<Asked | null>(null)
  const [isAsking, setAsking] = useState(false)
  const reauthentication = useReauthentication()
  const close = () => {
    setAsking(false)
    // After the dialog has given the focus back to the menu that is closed by now.
    setTimeout(() => (target?.opener?.isConnected ? target.opener : fallback.current)?.focus(), 200)
  }
  const mutation = useMutation({
    mutationFn: ({ person, act }: Asked) => actOn(person, act, person.id === myId).run(),
    onSuccess: async (done, { person }) => {
      // One's own role decides whether this page may ask again.
      await (person.id === myId ? lookForSession() : reloadPeople())
      close()
      showDone(done)
    },
    onError: (error, asked) => {
      if (reauthentication.needs(error, () => mutation.mutate(asked))) return setAsking(false)
      close()
      const { person, act } = asked
      showFailure(actOn(person, act, person.id === myId).failure, error)
      // One may be no administrator any more; else the person may be gone, or otherwise than the list says.
      void (errorCode(error) === 'FORBIDDEN' ? lookForSession() : reloadPeople())
    },
  })
  return {
    asked: target && actOn(target.person, target.act, target.person.id === myId),
    isAsking,
    pendingId: mutation.isPending ? mutation.variables.person.id : null,
    ask: (next: Asked) => {
      setTarget(next)
      setAsking(true)
    },
    reauthentication: {
      ...reauthentication.dialog,
      onCancel: () => {
        reauthentication.dialog.onCancel()
        close()
      },
    },
    cancel: close,
    confirm: () => {
      if (target && !mutation.isPending) mutation.mutate(target)
    },
  }
}
