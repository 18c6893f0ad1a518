import { expect, it } from 'vitest'
import { queuedOffline } from '../../../shared/offline.ts'
import { products } from './products.ts'

it('describes every call that can wait in the outbox', () => {
  const described = products.flatMap(({ outboxWords }) => Object.keys(outboxWords ?? {}))
  expect(described.sort()).toEqual([...queuedOffline].sort())
})

it('has one description of each action in the audit log', () => {
  const actions = products.flatMap(({ auditWords }) => Object.keys(auditWords ?? {}))
  expect(actions.filter((action, place) => actions.indexOf(action) !== place)).toEqual([])
})

it('has no more places in the navigation than fit in the bar of a phone', () => {
  expect(products.filter(({ navigation }) => navigation).length).toBeLessThanOrEqual(5)
})

it('offers no two commands of the same name', () => {
  const names = products.flatMap(({ name, navigation, commands = [] }) => [
    ...(navigation ? [name] : []),
    ...commands.map((command) => command.name),
  ])
  expect(names.length).toBeGreaterThan(10)
  expect(new Set(names).size).toBe(names.length)
})
