/** What every door of doors.ts has, and the forms that answers are read back to. */
import type { z } from 'zod'
import type { ErrorBody } from '../../shared/errors.ts'
import type { ProcedureMeta } from '../trpc.ts'
import { publicUrl, type TestApp } from './app.ts'
import type { TestBrowser } from './browser.ts'
import { TestSocket } from './socket.ts'

export interface Procedure {
  path: string
  type: 'query' | 'mutation' | 'subscription'
  meta: ProcedureMeta | undefined
  inputs: readonly z.ZodType[]
}

export interface House {
  app: TestApp
  /** Where it listens. */
  url: string
}

export interface Sent {
  procedure: Procedure
  /** Nearly always fields. */
  input: unknown
  /** An idempotency key. */
  key?: string
  /** The site that the call comes from, where it is not our own. */
  origin?: string
  /** Of a subscription, which may go on for ever: how long to listen to it. */
  listen?: Listening
}

/** For a refusal; for the first words of it; or, where it has none yet, for its beginning. */
export type Listening = 'refusal' | 'words' | 'beginning'

/** What a subscriber has been told so far. */
export interface Follower {
  readonly messages: readonly Message[]
  /** The server has heard it. */
  readonly begun: boolean
  readonly error: Failure | undefined
  leave(): void
}

export interface Message {
  /** Of a channel: the cursor behind it. */
  id?: string
  data: unknown
}

export interface Failure extends ErrorBody {
  retryAfterS: number | undefined
}

export interface Outcome {
  /** Undefined where it failed, and where the answer is nothing. */
  data?: unknown
  error?: Failure
  /** In HTTP alone. */
  http?: {
    requestId: string
    /** What is left of the caller's budget. */
    budget: { limit: number; remaining: number; resetS: number } | null
    /** Such as `plinth_session set`. */
    cookies: string[]
  }
}

export interface Door {
  name: string
  leadsTo(procedure: Procedure): boolean
  call(house: House, browser: TestBrowser, sent: Sent): Promise<Outcome>
  /** Of subscriptions. */
  follow?(house: House, browser: TestBrowser, sent: Sent): Promise<Follower>
  /** Whether an input that is no object gets through it. */
  takesAnything(procedure: Procedure): boolean
  isHttp?: true
  /** A caller without a valid credential is refused before the call, which counts all the same. */
  refusesNobody?: Failure
  /** Its answers can set no cookie, and what needs one is refused so. */
  withoutCookies?: Failure
  /** Nothing is followed from its lists, so they come without the cursor of their channel, and what else stands beside them. */
  listsAlone?: true
  /** The calls that it makes of one: those beside it, of a batch, are as they are. */
  calls?: number
  /** Whoever calls is the operator, who is no person and has no budget. */
  byOperator?: true
  /** Cookies say nothing there. Whoever has one comes with an access token; whoever has nothing is told so in these words. */
  byToken?: string
}

export type TrpcAnswer = {
  result?: { data?: unknown }
  error?: { message: string; data: Omit<Failure, 'message'> }
}

export function trpcOutcome({ result, error }: TrpcAnswer): Outcome {
  if (!error) return { data: result?.data }
  const { code, details, endReason, retryAfterS } = error.data
  return { error: { code, message: error.message, details, endReason, retryAfterS } }
}

/** A socket is opened by somebody. To whoever is nobody it says no more than the code of its close, 4401. */
export const closedUnheard: Failure = { code: 'UNAUTHENTICATED', message: '', retryAfterS: undefined }

export const openSocket = (url: string, browser: TestBrowser, path?: string) =>
  TestSocket.open(url, headersOf(browser), path)

/** Of its page, from another program. */
export function headersOf({ headers, cookieHeader, accessToken }: TestBrowser): Record<string, string> {
  const { host: _, ...own } = headers
  return {
    ...own,
    ...(cookieHeader && { cookie: cookieHeader }),
    ...(accessToken !== null && { authorization: `Bearer ${accessToken}` }),
    origin: publicUrl,
  }
}
