/**
 * The entry of the bundle. It imports the server as another chunk, because `server/main.ts` starts a server of its own where
 * `import.meta.main` is true.
 */
await import('./server.ts')
