/** API keys: what programs call with. A key acts as the person who made it, and may do no more than its scopes name. */
import { z } from 'zod'
import { capabilities } from './capabilities.ts'
import { Id, TargetId } from './id.ts'
import { Instant } from './instant.ts'
import { listRequest, numberedPageOf, PageRequest, pageOf } from './pages.ts'
import { PersonRef } from './person-ref.ts'
import { singleLine } from './text.ts'

export const apiKeyLimits = { nameLength: 60, days: 366, usualDays: 90, perPerson: 50 } as const

/** A capability. What its person may not do, a key may not either, whatever its scopes are. */
export const Scope = z.enum(capabilities)
export type Scope = z.infer<typeof Scope>

export const ApiKey = z
  .object({
    id: Id,
    name: z.string().meta({ example: 'Nightly report' }),
    scopes: z.array(Scope),
    createdAt: Instant,
    /** Exact to about a minute; null until it is used. */
    lastUsedAt: Instant.nullable(),
    /** Null when it does not end by itself. One that is over stays listed for a month. */
    expiresAt: Instant.nullable(),
  })
  .meta({ id: 'ApiKey' })
export type ApiKey = z.infer<typeof ApiKey>
export const ApiKeys = numberedPageOf(ApiKey)
export const ListApiKeys = listRequest({}).prefault({})

export const CreateApiKey = z.object({
  /** What it is for, so that its owner knows which one to revoke. */
  name: singleLine(apiKeyLimits.nameLength).meta({ example: 'Nightly report' }),
  scopes: z.array(Scope).min(1, 'Choose at least one').max(100),
  /** Null: until it is revoked. */
  expiresInDays: z.int().min(1).max(apiKeyLimits.days).nullable().default(apiKeyLimits.usualDays),
})
export type CreateApiKey = z.infer<typeof CreateApiKey>

export const CreateApiKeyFor = CreateApiKey.extend({ personId: TargetId })
export type CreateApiKeyFor = z.infer<typeof CreateApiKeyFor>

/** `key` is the secret: in this one answer and nowhere else. */
export const NewApiKey = ApiKey.extend({ key: z.string().meta({ example: 'plinth_key_…' }) }).meta({ id: 'NewApiKey' })
export type NewApiKey = z.infer<typeof NewApiKey>

export const RevokeApiKey = z.object({ keyId: TargetId })
export type RevokeApiKey = z.infer<typeof RevokeApiKey>

/** As an administrator sees it. */
export const ManagedApiKey = ApiKey.extend({ person: PersonRef })
export type ManagedApiKey = z.infer<typeof ManagedApiKey>
export const ManagedApiKeys = pageOf(ManagedApiKey)

export const ListAllApiKeys = PageRequest.extend({ personId: TargetId.optional() }).prefault({})
export type ListAllApiKeys = z.infer<typeof ListAllApiKeys>
