/**
 * What two runs of the same thing differ in without differing: ids, moments and secrets that each makes anew. They are replaced by
 * names, each by the order in which it first occurs, so that where one value stands in several places the names do too.
 */

/** In this order: a token holds ids, and an id ends like a made-up name. */
const forms: [name: string, form: RegExp][] = [
  ['instant', /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g],
  ['secret', /(?<="(?:\w*[pP]assword|key)":")(?!\[removed\])[^"]+/g],
  ['access code', /(?<="accessCode":")[0-9A-Z]{10}(?=")/g],
  ['mac', /(?<=[0-9a-f]{12}\.(?:\d+\.)?)[\w-]{43}\b/g],
  ['oauth', /(?<=[?&](?:code_challenge|nonce)=)[\w-]{43}/g],
  ['id', /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g],
  ['epoch', /(?<="(?:cursor|lastEventId)":")[^":]+(?=:\d+[:"])/g],
  ['mark', /(?<="(?:cursor|lastEventId)":"[^":]+:\d+:)[0-9a-f]{8}(?=")/g],
  // Of the people and accounts of tests.
  ['word', /(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])/g],
]
/** Two may be the same or not, as it happens. */
const unequal = new Set(['instant'])

const jwt = /eyJ[\w-]+\.(eyJ[\w-]+)\.[\w-]+/g

/** Of anything that JSON can tell. */
export function normalForm(value: unknown): unknown {
  let text = JSON.stringify(value).replaceAll(jwt, claimsOf)
  for (const [name, form] of forms) {
    const known = new Map<string, string>()
    text = text.replaceAll(form, (found) => {
      if (unequal.has(name)) return `<${name}>`
      const named = known.get(found) ?? `<${name} ${known.size + 1}>`
      known.set(found, named)
      return named
    })
  }
  return JSON.parse(text)
}

/** A token is what it says, and for how long. */
function claimsOf(_token: string, payload: string): string {
  const { iat, exp, ...claims } = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const said = JSON.stringify({ ...claims, lifetimeS: exp - iat })
  return JSON.stringify(said).slice(1, -1)
}
