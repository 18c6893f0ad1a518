/** Chooses a user by e-mail address or username, which are suggested while a part of them is typed. */
import { useRef, useState } from 'react'
import type { ManagedPerson } from '../../../../shared/people.ts'
import { SearchField } from '../../page/search-field.tsx'
import { queryClient } from '../../plinth.ts'
import { showFailure } from '../../toasts/toasts.tsx'
import { peopleQuery } from '../admin-queries.ts'

export function ActorField({ onChoose }: { onChoose: (personId: string) => void }) {
  const [named, setNamed] = useState('')
  const [found, setFound] = useState<ManagedPerson[]>([])

  const latest = useRef('')

  const find = async (text: string) => {
    latest.current = text
    setNamed(text)
    if (text === '') return setFound([])
    try {
      const { pages } = await queryClient.fetchInfiniteQuery(peopleQuery({ search: text }))
      // The response to an earlier text may arrive after that to a later one.
      if (latest.current !== text) return
      const people = pages.flatMap(({ items }) => items)
      const chosen = people.find((person) => namesOf(person).includes(text))
      setFound(people)
      if (!chosen) return
      onChoose(chosen.id)
      setNamed('')
      setFound([])
    } catch (error) {
      showFailure('The users could not be searched', error)
    }
  }
  return (
    <SearchField
      label="By"
      placeholder="E-mail address or username"
      maxLength={254}
      suggestions={found.flatMap((person) => namesOf(person).slice(0, 1))}
      value={named}
      onChange={(text) => void find(text)}
    />
  )
}

const namesOf = ({ email, username }: ManagedPerson) => [email, username].filter((name) => name !== null)
