/** The entry of the bundle, apart from what it loads: `server/main.ts` runs by itself where it is the entry. */
await import('./server.ts')
