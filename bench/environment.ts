/** Settings of a server under measurement: those of production, on this machine, with limits that nobody reaches. */
import { randomBytes } from 'node:crypto'

export const publicUrl = 'http://localhost:8000'

export function benchEnvironment(databaseUrl: string): Record<string, string> {
  const secret = () => randomBytes(48).toString('base64')
  const unlimited = '1000000'
  return {
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: '0',
    PUBLIC_URL: publicUrl,
    DATABASE_URL: databaseUrl,
    GOOGLE_CLIENT_ID: 'bench',
    GOOGLE_CLIENT_SECRET: 'bench',
    COOKIE_SECRET: secret(),
    JWT_ACCESS_SECRET: secret(),
    JWT_REFRESH_SECRET: secret(),
    RATE_LIMIT_ANONYMOUS: unlimited,
    RATE_LIMIT_SIGN_IN: unlimited,
    RATE_LIMIT_SIGNED_IN: unlimited,
    RATE_LIMIT_SOCKETS_PER_PERSON: '100000',
    RATE_LIMIT_SOCKETS_PER_ADDRESS: '100000',
  }
}
