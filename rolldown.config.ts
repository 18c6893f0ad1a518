import { join } from 'node:path'
import { defineConfig, type OutputOptions, type Plugin, type RolldownOptions } from 'rolldown'

/**
 * Node's own modules by `process.getBuiltinModule`, the same objects. An `import` of one reads all that it exports, and a look at
 * what `node:http` has of WebSocket loads undici: a twentieth of a second, needed or not.
 */
const builtinModules: Plugin = {
  name: 'builtin-modules',
  renderChunk(code) {
    const changed = code.replaceAll(/^import .+ from "node:[\w/]+";$/gm, (line) => {
      const found = /^import (?:(?:\* as )?([\w$]+))?(?:, )?(\{.+\})? from "(.+)";$/.exec(line)
      if (!found) throw new Error(`${line} is of no form that is known here`)
      const [, whole, names, id] = found
      const builtin = `process.getBuiltinModule("${id}")`
      const some = names && `${names.replaceAll(' as ', ': ')} = ${builtin}`
      return `const ${[whole && `${whole} = ${builtin}`, some].filter(Boolean).join(', ')};`
    })
    // Each line stays where it is, and with it what maps say of the others.
    return { code: changed, map: null }
  },
}

/**
 * The server as few files beside its entries: most of its start is the loading of many small ones. What is imported when it is first
 * needed is a file of its own. PGlite stays outside, it finds its WebAssembly beside itself, as hashes of passwords do their compiled
 * parts: a bundle is therefore somewhere below package.json.
 */
export const serverBundle = (
  entries: Record<string, string>,
  folder: string,
): RolldownOptions & { output: OutputOptions } => ({
  cwd: import.meta.dirname,
  input: entries,
  platform: 'node',
  external: [/^@electric-sql\//, /^@node-rs\//],
  plugins: [builtinModules],
  output: {
    dir: join(import.meta.dirname, folder),
    format: 'esm',
    sourcemap: true,
    comments: false,
    entryFileNames: '[name].js',
    chunkFileNames: 'server-[name].js',
  },
})

/** The commands of an operator, `plinth.js`, share what the server consists of. */
export default defineConfig(serverBundle({ main: 'server/launch.ts', plinth: 'cli/launch.ts' }, 'dist'))
