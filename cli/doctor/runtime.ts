/** What Plinth runs on, and where it is reached. */
import type { Config } from '../../server/app.ts'
import { isLoopback } from '../../server/platform/config/config.ts'
import { type Finding, finding } from './finding.ts'

const neededMajor = 24

export function inspectNode(version = process.versions.node): Finding {
  const isNew = Number(version.split('.')[0]) >= neededMajor
  return isNew
    ? finding('node', 'ok', `Node ${version}.`)
    : finding('node', 'fault', `Node ${version} is too old: install Node ${neededMajor} or newer.`)
}

export function inspectPublicUrl({ server, production }: Config): Finding[] {
  const url = new URL(server.publicUrl)
  if (!server.https) {
    const says =
      'PUBLIC_URL is plain http on this machine: browsers elsewhere cannot sign in. Set the https address that users open.'
    return [
      production
        ? finding('public url', 'warning', says)
        : finding('public url', 'ok', 'Plain http, for this machine.'),
    ]
  }
  if (isLoopback(url) || server.trustProxy.length > 0)
    return [finding('public url', 'ok', 'https, with Secure cookies.')]
  // Something in front must end TLS, for the server itself does not.
  const says =
    'https ends at a proxy that TRUST_PROXY does not name: all clients count as one address, for limits and in records.'
  return [finding('public url', 'warning', says)]
}
