/** A bare Fastify route for each page: its statements one after the other, prepared, and what they found as JSON. Nobody is asked who they are. */
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import type { Page } from '../list-rows.ts'
import { openPool, tellPort } from './me.ts'

const pool = openPool()
const pages = JSON.parse(process.argv[3] as string) as Page[]

const app = Fastify()
for (const [at, { statements }] of pages.entries()) {
  app.get(`/${at}`, async () => {
    const found: unknown[][] = []
    for (const statement of statements) found.push((await pool.query(statement)).rows)
    const items = found.pop()
    return { items, found }
  })
}
await app.listen({ port: 0, host: '127.0.0.1' })
tellPort(app.server.address() as AddressInfo)
