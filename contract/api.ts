/** The generated client, and how the program reads responses: it ends at one that the document does not describe. */
import createClient, { type Client } from 'openapi-fetch'
import type { paths } from './generated/api.ts'

export type Api = Client<paths>

export const clientOf = (url: string, fetch: (request: Request) => Promise<Response>, token?: string): Api =>
  createClient<paths>({ baseUrl: url, fetch, ...(token !== undefined && { headers: bearer(token) }) })

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

export function expected<Data>({
  data,
  error,
  response,
}: {
  data?: Data
  error?: unknown
  response: Response
}): NonNullable<Data> {
  if (data) return data
  throw new Error(`${response.status} ${response.url} ${JSON.stringify(error)}`)
}

export function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not so: ${what}`)
}
