/** What a form holds, what is wrong with each of its fields, and the focus on the first of those. */
import { type ChangeEvent, useCallback, useRef, useState } from 'react'
import type { FieldFault } from '../../../shared/errors.ts'

/** `initial` names the fields in the order of the page. */
export function useFields<Name extends string>(initial: Record<Name, string>) {
  const inputs = useRef<Partial<Record<Name, HTMLInputElement | null>>>({})
  const [values, setValues] = useState(initial)
  const [faults, setFaults] = useState<Partial<Record<Name, string>>>({})

  /** For a text field, to be spread into it. A fault goes as soon as somebody types. */
  const field = (name: Name) => ({
    name,
    value: values[name],
    error: faults[name],
    ref: (input: HTMLInputElement | null) => {
      inputs.current[name] = input
    },
    onChange: ({ currentTarget }: ChangeEvent<HTMLInputElement>) => {
      const { value } = currentTarget
      setValues((before) => ({ ...before, [name]: value }))
      setFaults((before) => ({ ...before, [name]: undefined }))
    },
  })

  /** Each fault at its field. False when none of them is of a field here, and then nothing has changed. */
  const refuse = (found: FieldFault[]): boolean => {
    const names = (Object.keys(initial) as Name[]).filter((name) => found.some(({ field }) => field === name))
    const [first] = names
    if (!first) return false
    setFaults(
      Object.fromEntries(
        names.map((name) => [name, found.find(({ field }) => field === name)?.message]),
      ) as typeof faults,
    )
    inputs.current[first]?.focus()
    return true
  }

  const focus = useCallback((name: Name) => inputs.current[name]?.focus(), [])
  return { values, field, refuse, focus }
}

/** As the server would name them. */
export const faultsOf = ({ issues }: { issues: { path: PropertyKey[]; message: string }[] }): FieldFault[] =>
  issues.map(({ path, message }) => ({ field: path.map(String).join('.'), message }))
