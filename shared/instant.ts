import { z } from 'zod'

/** On the wire: ISO 8601 in UTC. */
export const Instant = z.iso.datetime()
