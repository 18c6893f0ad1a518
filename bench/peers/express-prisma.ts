/** Express and Prisma with its adapter for node-postgres, as its documentation has it. */
import type { AddressInfo } from 'node:net'
import { PrismaPg } from '@prisma/adapter-pg'
import express from 'express'
import { PrismaClient } from './generated/prisma/client.ts'
import { poolSettings, tellPort, tokenHashOf, unauthorized } from './me.ts'

/** By name, and so prepared. */
const names = new Map<string, string>()
const nameOf = ({ sql }: { sql: string }) => {
  const name = names.get(sql) ?? `s${names.size}`
  names.set(sql, name)
  return name
}
const prisma = new PrismaClient({ adapter: new PrismaPg(poolSettings, { statementNameGenerator: nameOf }) })
const weekMs = 7 * 86_400_000
const fields = {
  id: true,
  email: true,
  emailVerified: true,
  username: true,
  displayName: true,
  avatarUrl: true,
  role: true,
  createdAt: true,
  lastLoginAt: true,
} as const

const app = express()
app.disable('x-powered-by').disable('etag')
app.get('/me', async (request, response) => {
  const now = Date.now()
  const session = await prisma.session.findUnique({
    where: {
      tokenHash: tokenHashOf(request.headers.cookie),
      endedAt: null,
      expiresAt: { gt: new Date(now) },
      lastUsedAt: { gt: new Date(now - weekMs) },
    },
    select: { user: { select: { ...fields, isActive: true } } },
  })
  if (!session?.user.isActive) return void response.status(401).json(unauthorized)
  const { isActive: _, ...person } = session.user
  response.json(person)
})
const server = app.listen(0, '127.0.0.1', () => tellPort(server.address() as AddressInfo))
