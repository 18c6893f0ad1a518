/** The entry of the bundle: the compile cache has to be on before the code it is for is loaded. */
import { enableCompileCache } from 'node:module'

enableCompileCache()
const { run } = await import('./main.ts')
await run()
