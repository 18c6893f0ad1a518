// Runs on any Node, before the scripts that need 24, so that an old one gets a sentence and not a syntax error.
import { existsSync } from 'node:fs'

const [major] = process.versions.node.split('.').map(Number)
if (major < 24) {
  console.error(
    `Plinth needs Node 24 or newer; this is ${process.version}.\n` +
      '`npm ci` brings one for the npm scripts (the package "node"), unless install scripts are switched off or\n' +
      'development packages are left out. Run `npm ci` without --ignore-scripts and --omit=dev, or install Node 24.',
  )
  process.exit(1)
}
const [built] = process.argv.slice(2)
if (built && !existsSync(built)) {
  console.error(
    `${built} is not there yet: run \`npm run build\` first. (For development, \`npm run dev\` needs no build.)`,
  )
  process.exit(1)
}
