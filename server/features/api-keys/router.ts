import { z } from 'zod'
import {
  ApiKeys,
  CreateApiKey,
  CreateApiKeyFor,
  ListAllApiKeys,
  ListApiKeys,
  ManagedApiKeys,
  NewApiKey,
  RevokeApiKey,
} from '../../../shared/api-keys.ts'
import { authedProcedure, can, canInPerson, operatorProcedure, recorded, router } from '../../trpc.ts'
import { createApiKey, createApiKeyFor, listAllApiKeys, listApiKeys, revokeAnyApiKey, revokeApiKey } from './service.ts'

const path = '/api/v1/api-keys'

export const apiKeysRouter = router({
  list: authedProcedure
    .meta({ rest: { method: 'GET', path, summary: 'Your API keys, the newest first' } })
    .input(ListApiKeys)
    .output(ApiKeys)
    .query(({ ctx, input }) => listApiKeys(ctx.db, ctx.actor, input)),
  create: authedProcedure
    .meta({
      audit: { noun: 'api-key', secret: true },
      rest: {
        method: 'POST',
        path,
        status: 201,
        summary: 'Make an API key, which is in this answer and nowhere else',
        errors: ['REAUTHENTICATION_REQUIRED', 'FORBIDDEN', 'API_KEY_LIMIT_REACHED'],
      },
    })
    .input(CreateApiKey)
    .use(recorded)
    .output(NewApiKey)
    .mutation(({ ctx, input }) => createApiKey(ctx.db, ctx.actor, ctx.origin, input)),
  revoke: authedProcedure
    .meta({
      audit: { noun: 'api-key', id: 'keyId' },
      rest: {
        method: 'DELETE',
        path: `${path}/{keyId}`,
        summary: 'Revoke an API key of yours, everywhere and at once',
      },
    })
    .input(RevokeApiKey)
    .use(recorded)
    .output(z.void())
    .mutation(({ ctx, input }) => revokeApiKey(ctx.db, ctx.sessions, ctx.actor, input)),

  listAll: can('person:manage')
    .input(ListAllApiKeys)
    .output(ManagedApiKeys)
    .query(({ ctx, input }) => listAllApiKeys(ctx.db, input)),
  revokeAny: canInPerson('person:manage')
    .meta({ audit: { noun: 'api-key', id: 'keyId' } })
    .input(RevokeApiKey)
    .use(recorded)
    .output(z.void())
    .mutation(({ ctx, input }) => revokeAnyApiKey(ctx.db, ctx.sessions, ctx.actor, input)),
  /** An administrator makes none for others: what is done by it would be done in their name. */
  createFor: operatorProcedure
    .meta({ audit: { noun: 'api-key', secret: true } })
    .input(CreateApiKeyFor)
    .use(recorded)
    .output(NewApiKey)
    .mutation(({ ctx, input }) => createApiKeyFor(ctx.db, ctx.actor, ctx.origin, input)),
})
