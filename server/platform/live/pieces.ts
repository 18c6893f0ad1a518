import type { ChannelEvent } from './channel-event.ts'

/** Of what is sent at once; far below what a sink may hold. */
export const pieceChars = 128 * 1024

export function pieces(events: readonly ChannelEvent[]): ChannelEvent[][] {
  const all: ChannelEvent[][] = []
  let chars = pieceChars
  for (const event of events) {
    if (chars >= pieceChars) {
      all.push([])
      chars = 0
    }
    all.at(-1)?.push(event)
    chars += event.json.length
  }
  return all
}

/** Of a page the same pieces for everybody, for the frames of a piece are made once. */
const knownPieces = new WeakMap<readonly ChannelEvent[], ChannelEvent[][]>()
export function piecesOf(page: readonly ChannelEvent[]): ChannelEvent[][] {
  const known = knownPieces.get(page) ?? pieces(page)
  knownPieces.set(page, known)
  return known
}
