/** Where a feed stands, and the faults of what cannot come next. */
export interface Cursor {
  readonly epoch: string
  readonly seq: number
  /** Of the event that `seq` names, for the server to compare; undefined where there is none, or it did not come. */
  readonly mark?: string | undefined
}

export const formatCursor = ({ epoch, seq, mark }: Cursor) =>
  mark === undefined ? `${epoch}:${seq}` : `${epoch}:${seq}:${mark}`

export function parseCursor(text: string): Cursor {
  const [epoch = '', seq, mark] = text.split(':')
  return { epoch, seq: Number(seq), mark }
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
