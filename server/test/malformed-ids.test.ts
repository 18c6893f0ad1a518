/** Ids are opaque: a malformed one gets the same response as an unknown one. */
import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { pathParameters, restRoutesOf } from '../platform/rest/rest-route.ts'
import { appRouter } from '../router.ts'
import { buildTestApp } from './app.ts'
import { prepareCall } from './calls.ts'
import { signedIn } from './followers.ts'

const app = await buildTestApp()

const named = restRoutesOf(appRouter).flatMap((route) =>
  pathParameters(route.rest.path).map((parameter) => ({ ...route, parameter, path: route.rest.path })),
)
const malformed = ['1', 'abc', '%00', 'a'.repeat(90), `${v7()}0`, "' or true --"]

describe.each(named)('$rest.method $path', ({ name, rest, parameter }) => {
  it(`responds to a malformed ${parameter} as to an unknown one`, async () => {
    const me = await signedIn(app)
    const { input = {} } = await prepareCall(app, name, me)
    const ask = async (id: string) => {
      const fields: Record<string, unknown> = { ...input, [parameter]: id }
      const url = rest.path.replaceAll(/\{(.*?)\}/g, (_, field) => encodeURIComponent(String(fields[field])))
      const body = Object.entries(input).filter(([field]) => !pathParameters(rest.path).includes(field))
      const payload = rest.method === 'GET' || rest.method === 'DELETE' ? undefined : Object.fromEntries(body)
      const answer = await me.browser.send({ method: rest.method, url, ...(payload && { payload }) })
      return { status: answer.statusCode, error: answer.json().error }
    }
    const unknown = await ask(v7())
    expect([404, 422]).toContain(unknown.status)
    for (const id of malformed) expect(await ask(id), id).toEqual(unknown)
  })
})

it('finds ids to sweep', () => {
  expect(named.length).toBeGreaterThan(20)
})
