import { defineConfig } from 'rolldown'

/**
 * The server as one file beside its entry: most of its start is the loading of many small ones. PGlite stays outside,
 * it finds its WebAssembly beside itself.
 */
export default defineConfig({
  input: { main: 'server/launch.ts' },
  platform: 'node',
  external: [/^@electric-sql\//],
  output: {
    dir: 'dist',
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: 'server-[name].js',
  },
})
