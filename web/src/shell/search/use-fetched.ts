/**
 * A part of the shell whose code is fetched apart from it; null until that is there. What `lazy` suspends, React holds back for 300 ms
 * once a fallback was seen, and everybody would see that at every visit.
 */
import { type ComponentType, useEffect, useState } from 'react'

type Load<Props> = () => Promise<ComponentType<Props>>

const fetched = new Map<unknown, unknown>()

/** `load` is the same at each render. What it throws goes to the boundary around. */
export function useFetched<Props>(load: Load<Props>): ComponentType<Props> | null {
  const [Part, setPart] = useState(() => (fetched.get(load) as ComponentType<Props> | undefined) ?? null)
  useEffect(() => {
    load().then(
      (part) => {
        fetched.set(load, part)
        setPart(() => part)
      },
      (error) =>
        setPart(() => {
          throw error
        }),
    )
  }, [load])
  return Part
}
