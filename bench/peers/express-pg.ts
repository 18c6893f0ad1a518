/** Express and node-postgres, one prepared statement. */
import type { AddressInfo } from 'node:net'
import express from 'express'
import { openPool, statements, tellPort, tokenHashOf, unauthorized } from './me.ts'

const pool = openPool()
const app = express()
app.disable('x-powered-by').disable('etag')
app.get('/me', async (request, response) => {
  const { rows } = await pool.query({ ...statements.both, values: [tokenHashOf(request.headers.cookie)] })
  if (rows[0]) response.json(rows[0])
  else response.status(401).json(unauthorized)
})
const server = app.listen(0, '127.0.0.1', () => tellPort(server.address() as AddressInfo))
