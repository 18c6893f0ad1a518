/**
 * `npm run openapi`: writes what is checked in of the API's contract anew, docs/openapi.json and the error codes in docs/api.md. What
 * could break a client is only written with a raised version, so that nobody does it by mistake.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder } from '../server/platform/config/package-folder.ts'
import { openApiOf } from '../server/platform/rest/openapi.ts'
import { appRouter } from '../server/router.ts'
import { breakingChanges, isRaised } from './breaking-changes.ts'
import { withErrorCodes } from './error-codes.ts'

const file = join(packageFolder, 'docs/openapi.json')
const guide = join(packageFolder, 'docs/api.md')
const after = openApiOf(appRouter)
const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : after
const changes = breakingChanges(before, after)
if (changes.length > 0 && !isRaised(before.info.version, after.info.version)) {
  console.error(`This could break clients:\n${changes.map((change) => `  ${change}`).join('\n')}`)
  console.error('If it is meant, raise contractVersion in server/platform/rest/openapi.ts and run this again.')
  process.exitCode = 1
} else {
  writeFileSync(file, `${JSON.stringify(after, null, 2)}\n`)
  writeFileSync(guide, withErrorCodes(readFileSync(guide, 'utf8')))
  console.log(`${file} is version ${after.info.version}.`)
}
