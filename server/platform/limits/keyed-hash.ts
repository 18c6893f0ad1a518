import { createHmac } from 'node:crypto'
import type { Config } from '../config/config.ts'

/** For stores that others read. While a secret is rotated, old and new instances count apart. */
export function keyedHash({ database, auth }: Config): (key: string) => string {
  const { host, pathname } = new URL(database.url)
  const secret = createHmac('sha256', auth.cookieSecret).update(`limits of ${host}${pathname}`).digest()
  return (key) => createHmac('sha256', secret).update(key).digest('base64url')
}
