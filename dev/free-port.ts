import { type AddressInfo, createServer } from 'node:net'

/** `wanted` on loopback, or any other when somebody has it. Somebody else may still take it before its user does. */
export async function freePort(wanted = 0): Promise<number> {
  return (await tryPort(wanted)) ?? ((await tryPort(0)) as number)
}

function tryPort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(null))
    probe.listen(port, '127.0.0.1', () => {
      const { port: found } = probe.address() as AddressInfo
      probe.close(() => resolve(found))
    })
  })
}
