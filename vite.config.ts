import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

/** Once, at build time and as small as can be; the server only picks the file that the browser takes. */
const compressed: Plugin = {
  name: 'compressed',
  apply: 'build',
  writeBundle({ dir = '' }) {
    for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.(js|css|html|svg)$/.test(entry.name)) continue
      const path = join(entry.parentPath, entry.name)
      const content = readFileSync(path)
      writeFileSync(`${path}.br`, brotliCompressSync(content))
      writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }))
    }
  },
}

/** Imported by Node: bundled with this file, it would bring every page that the list of products leads to. */
const firstPaintFile = pathToFileURL(join(import.meta.dirname, 'web/first-paint.ts')).href

const painted: Plugin = {
  name: 'first-paint',
  transformIndexHtml: {
    // After the style sheets, whose variables are the library's own.
    order: 'post',
    async handler(html) {
      const { firstPaint } = (await import(firstPaintFile)) as typeof import('./web/first-paint.ts')
      const { styles, markup } = firstPaint()
      return html
        .replace('</head>', () => `<style>${styles}</style></head>`)
        .replace('<!--first-paint-->', () => markup)
    },
  },
}

const serviceWorker = 'service-worker'

/** Tells the service worker what this build consists of; so it is another worker whenever anything is another. */
const shellFiles: Plugin = {
  name: 'shell-files',
  apply: 'build',
  enforce: 'post',
  generateBundle(_options, bundle) {
    const worker = bundle[`${serviceWorker}.js`]
    if (worker?.type !== 'chunk') throw new Error('The service worker was not built')
    if (worker.imports.length > 0) throw new Error('The service worker shares code with pages, so it cannot run alone')
    const hashed = Object.keys(bundle).filter((name) => name.startsWith('assets/'))
    const named = readdirSync(join(import.meta.dirname, 'web/public'))
    const page = bundle['index.html']
    if (page?.type !== 'asset') throw new Error('The page was not built')
    const version = createHash('sha256').update(page.source).update(worker.code)
    for (const name of [...hashed.sort(), ...named]) version.update(name)
    for (const name of named) version.update(readFileSync(join(import.meta.dirname, 'web/public', name)))
    const shell = {
      version: version.digest('hex').slice(0, 16),
      files: [...hashed, ...named].map((name) => `/${name}`),
      entry: /src="(\/assets\/app-[^"]+\.js)"/.exec(String(page.source))?.[1],
    }
    worker.code = worker.code.replace('__SHELL__', () => JSON.stringify(shell))
  },
}

export default defineConfig({
  root: 'web',
  plugins: [react(), painted, shellFiles, compressed],
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    // Vite's polyfill would only serve browsers older than those that run this app at all.
    modulePreload: { polyfill: false },
    // What its test reads: see web/test/budgets.test.ts.
    manifest: true,
    rolldownOptions: {
      // Whole, for building goes from this folder and `npm run dev` from the root of the pages.
      input: {
        index: join(import.meta.dirname, 'web/index.html'),
        [serviceWorker]: join(import.meta.dirname, 'web/src/offline/service-worker.ts'),
      },
      // The browser knows a service worker by its address, which has to stay the same.
      output: {
        entryFileNames: ({ name }) => (name === serviceWorker ? '[name].js' : 'assets/[name]-[hash].js'),
        // Left to itself, the bundler makes a file of each set of modules that the same pages share: a first visit then fetched 69.
        codeSplitting: {
          groups: [
            // What the first page needs of libraries stays in the browser's cache over a release that changes none of them.
            // Its styles come first, so that those of the app override them.
            { name: 'libraries', test: /node_modules|\/mantine\.css$/, tags: ['$initial'] },
            // Not what the service worker consists of, which runs alone.
            { name: 'app', test: /\/(web\/src|client|shared)\/(?!offline\/service-worker|doors)/, tags: ['$initial'] },
            // A group also takes what its modules import, unless a group before it has. Parts that some pages do without are
            // files of their own: virtual lists, and what only the pages about drifts share.
            { name: 'long-lists', test: /node_modules\/@tanstack\/(react-)?virtual/ },
            { name: 'shared', test: /^(?!.*\/web\/src\/drifts\/)/, minShareCount: 2, maxModuleSize: 40_000 },
            { name: 'drifts', test: /\/web\/src\/drifts\//, minShareCount: 2 },
            // The sections of the home page, each of which is imported on demand: one file, not four.
            { name: 'home', test: /\/web\/src\/.*(home-page|-glance|public-drifts)\.tsx$/ },
          ],
        },
      },
    },
  },
})
