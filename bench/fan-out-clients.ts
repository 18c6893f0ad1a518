/** N sockets that read. They count events, or note how long each took to come. */
import { ageMs, type Door, openMarkedSocket } from './marked-socket.ts'

const follow = '{"id":1,"method":"subscription","params":{"path":"onEvent","input":{}}}'
const doors: Record<string, Omit<Door, 'port'>> = {
  raw: { path: '/', hello: [] },
  'socket.io': { path: '/socket.io/?EIO=4&transport=websocket', hello: ['40'] },
  trpc: { path: '/', hello: [follow] },
  plinth: { path: '/', hello: [follow] },
}
const atOnce = 50

let seen = 0
let wanted = Number.POSITIVE_INFINITY
let done: (() => void) | null = null
/** Null while events are only counted. */
let ages: number[] | null = null
let cpu = process.cpuUsage()
let began = performance.now()
/**
 * While events are counted, this process never sleeps: the kernel bills the waking of a reader to who writes, which in a virtual
 * machine costs more than the write, so that the faster server would pay for the readers' rest.
 */
let awake = false
const stayAwake = () => {
  if (awake) setImmediate(stayAwake)
}

function onMark(bytes: Buffer, at: number) {
  seen++
  ages?.push(ageMs(bytes, at))
  if (seen >= wanted) done?.()
}

process.on('message', async (question: Record<string, unknown>) => {
  if (question.ask === 'connect') {
    const door = { ...doors[String(question.contestant)], port: Number(question.port) } as Door
    const sockets = Number(question.sockets)
    for (let opened = 0; opened < sockets; opened += atOnce) {
      const some = Array.from({ length: Math.min(atOnce, sockets - opened) }, () => openMarkedSocket(door, onMark))
      await Promise.all(some)
    }
    process.send?.({})
  } else if (question.ask === 'begin') {
    seen = 0
    wanted = Number.POSITIVE_INFINITY
    ages = question.ages ? [] : null
    cpu = process.cpuUsage()
    began = performance.now()
    awake = ages === null
    stayAwake()
    process.send?.({})
  } else {
    wanted = Number(question.expected)
    if (seen < wanted) {
      await new Promise<void>((resolve) => {
        done = resolve
      })
    }
    awake = false
    const { user, system } = process.cpuUsage(cpu)
    const wallS = (performance.now() - began) / 1e3
    process.send?.({ cores: (user + system) / 1e6 / wallS, ages })
  }
})
