/** Where a feed stands, and the faults of what cannot come next. */
export interface Cursor {
  readonly epoch: string
  readonly seq: number
}

export const formatCursor = ({ epoch, seq }: Cursor) => `${epoch}:${seq}`

export function parseCursor(text: string): Cursor {
  const at = text.lastIndexOf(':')
  return { epoch: text.slice(0, at), seq: Number(text.slice(at + 1)) }
}

/** Nothing was lost with the network: what came cannot be gone on from. */
export class Fault extends Error {}

/** Whether `call` succeeded. What it throws is the page's own fault, and told as any other uncaught error. */
export function guarded(call: () => void): boolean {
  try {
    call()
    return true
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
    return false
  }
}
