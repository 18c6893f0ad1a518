/**
 * Tags of answers, by which who has one already is told so and sent nothing (RFC 9110 section 13.1.2). By hand: @fastify/etag makes
 * its tags of the whole body, in which an envelope has the time of day, and knows no list of them.
 */
import { createHash } from 'node:crypto'

/** Of what an answer tells. The same for the same bytes, so it may stand for a body that is made of nothing else. */
export const strongTag = (text: string) => `"${createHash('sha256').update(text).digest('base64url')}"`

/** For a body that tells the same each time, though not in the same bytes. */
export const weakTag = (text: string) => `W/${strongTag(text)}`

/** `ifNoneMatch`: the header; a list, or `*`. Compared weakly. */
export function isKnown(tag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false
  const known = ifNoneMatch.split(',').map((one) => opaque(one.trim()))
  return known.includes(opaque(tag)) || known.includes('*')
}

const opaque = (tag: string) => tag.replace(/^W\//, '')
