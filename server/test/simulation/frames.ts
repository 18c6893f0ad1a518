/** The texts of unmasked, unfragmented text frames that arrived together; a string is one already. */
export function textsOf(message: string | Buffer): string[] {
  if (typeof message === 'string') return [message]
  const texts: string[] = []
  for (let at = 0; at < message.length; ) {
    if (message[at] !== 0x81) throw new Error(`a frame begins with ${message[at]}`)
    let length = message[at + 1] as number
    at += 2
    if (length === 126) {
      length = message.readUInt16BE(at)
      at += 2
    } else if (length === 127) {
      length = Number(message.readBigUInt64BE(at))
      at += 8
    }
    texts.push(message.toString('utf8', at, at + length))
    at += length
  }
  return texts
}
