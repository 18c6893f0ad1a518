/** Imported first by what starts as a program: an older Node would fail on the syntax of the rest. It has to be readable by such a one itself. */
const needed = 24

if (Number(process.versions.node.split('.')[0]) < needed) {
  process.stderr.write(
    `Plinth needs Node ${needed} or newer; this is ${process.version}. Install it, or start by npm (\`npm start\`), which has brought one.\n`,
  )
  process.exit(1)
}
