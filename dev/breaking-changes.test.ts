/** What counts as breaking the contract, each seen on the real document with one thing changed. */
import { describe, expect, it } from 'vitest'
import { type OpenApiDocument, type Operation, openApiOf } from '../server/platform/rest/openapi.ts'
import type { JsonSchema } from '../server/platform/rest/schema-book.ts'
import { appRouter } from '../server/router.ts'
import { breakingChanges, isRaised } from './breaking-changes.ts'

const before = openApiOf(appRouter)
const list = '/v1/collab/drafts'

function changesOf(change: (api: OpenApiDocument) => void): string[] {
  const after = structuredClone(before)
  change(after)
  return breakingChanges(before, after)
}
const post = (api: OpenApiDocument, path = list) => api.paths[path]?.post as Operation
const get = (api: OpenApiDocument) => api.paths[list]?.get as Operation
const named = (api: OpenApiDocument, name: string) => api.components.schemas[name] as Required<JsonSchema>
const bodyOf = (api: OpenApiDocument, path = list) =>
  post(api, path).requestBody?.content['application/json'].schema as Required<JsonSchema>
const titleOf = (api: OpenApiDocument) => bodyOf(api).properties.title as JsonSchema
const page = (api: OpenApiDocument) =>
  get(api).responses[200]?.content?.['application/json'].schema as Required<JsonSchema>
const without = (names: string[], name: string) => names.filter((one) => one !== name)

describe('a client breaks', () => {
  it.each<[string, (api: OpenApiDocument) => void, string]>([
    ['without a path', (api) => delete api.paths['/me'], 'GET /me is gone'],
    ['without a method', (api) => delete api.paths[list]?.post, `POST ${list} is gone`],
    [
      'where sign-in is needed',
      (api) => (post(api, '/api/v1/auth/login').security = get(api).security),
      'needs sign-in now',
    ],
    ['without a parameter', (api) => get(api).parameters.shift(), 'query cursor is not read any more'],
    [
      'by a required parameter',
      (api) => ((get(api).parameters[0] as { required: boolean }).required = true),
      'query cursor is required now',
    ],
    ['by a required field', (api) => bodyOf(api).required.push('kind'), 'body.kind is required now'],
    [
      'by a required body',
      (api) => Object.assign(post(api, '/api/v1/auth/logout').requestBody ?? {}, { required: true }),
      'a body is required now',
    ],
    ['without a body', (api) => delete post(api).requestBody, 'the body is not read any more'],
    ['without a field to send', (api) => delete bodyOf(api).properties.title, 'body.title is gone'],
    ['by another type to send', (api) => (titleOf(api).type = 'integer'), 'body.title was string and is integer'],
    ['by a tighter limit', (api) => (titleOf(api).maxLength = 10), 'body.title has a tighter maxLength'],
    ['by fewer words to send', (api) => (titleOf(api).enum = ['a']), 'body.title may not be anything any more'],
    ['by another status', (api) => delete post(api).responses[201], 'does not answer 201 any more'],
    ['without a body to read', (api) => delete post(api).responses[201]?.content, '201 has no body any more'],
    ['without a field to read', (api) => delete named(api, 'DraftSummary').properties.title, '201.title is gone'],
    [
      'by a field that may be absent',
      (api) => (named(api, 'Draft').required = without(named(api, 'Draft').required, 'title')),
      '200.title may be absent now',
    ],
    [
      'deep inside',
      (api) => delete named(api, 'PersonRef').properties.displayName,
      '200.items[].ringHolder.displayName is gone',
    ],
    [
      'by another type to read',
      (api) => ((page(api).properties.items as JsonSchema).type = 'object'),
      '200.items was array and is object',
    ],
    [
      'by a null',
      (api) => ((named(api, 'Draft').properties.title as JsonSchema).type = ['string', 'null']),
      '200.title may be something else now',
    ],
  ])('%s', (_, change, told) => {
    expect(changesOf(change).some((one) => one.endsWith(told))).toBe(true)
  })
})

describe('a client goes on', () => {
  it.each<[string, (api: OpenApiDocument) => void]>([
    ['with what it was', () => {}],
    ['with more paths', (api) => (api.paths['/new'] = { get: get(api) })],
    [
      'with another name of a part',
      (api) => {
        api.paths['/v1/collab/drafts/{id}'] = api.paths['/v1/collab/drafts/{draftId}'] ?? {}
        delete api.paths['/v1/collab/drafts/{draftId}']
      },
    ],
    ['with more to send', (api) => (bodyOf(api).properties.kind = { type: 'string' })],
    ['with a wider limit', (api) => (titleOf(api).maxLength = 1000)],
    ['with a wider input', (api) => (titleOf(api).type = ['string', 'null'])],
    ['with more to read', (api) => (named(api, 'Draft').properties.kind = { type: 'string' })],
    [
      'with more words to read',
      (api) => {
        const code = named(api, 'Error').properties.code as JsonSchema
        code.enum = [...(code.enum ?? []), 'NEW']
      },
    ],
    ['with less to expect', (api) => (named(api, 'Person').properties.email = { type: 'string' })],
  ])('%s', (_, change) => {
    expect(changesOf(change)).toEqual([])
  })
})

describe('a version', () => {
  it('is raised by a higher part, not by another', () => {
    expect(['1.0.1', '1.1.0', '2.0.0', '1.0.0', '0.9.9', '1.0'].map((now) => isRaised('1.0.0', now))).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ])
  })
})
