import { defineConfig } from 'rolldown'

/**
 * The server as one file beside its entry: most of its start is the loading of many small ones. The commands of an operator,
 * `plinth.js`, share it. PGlite stays outside, it finds its WebAssembly beside
 * itself, as hashes of passwords do their compiled parts.
 */
export default defineConfig({
  input: { main: 'server/launch.ts', plinth: 'cli/launch.ts' },
  platform: 'node',
  external: [/^@electric-sql\//, /^@node-rs\//],
  output: {
    dir: 'dist',
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: 'server-[name].js',
  },
})
