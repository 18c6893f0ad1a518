/** The entry of the bundle: the compile cache has to be on before the code it is for is loaded. */
import './node-version.ts'
import { enableLaunchCache } from './launch-cache.ts'

enableLaunchCache()
const { run } = await import('./main.ts')
await run()
