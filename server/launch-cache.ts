import { constants, enableCompileCache } from 'node:module'
import { join } from 'node:path'

/**
 * Compiled code beside the bundle, as the build left it (dev/prepare-build.ts); portable, so that the folder may be moved. Node takes
 * no part of it whose source, V8 or user is another. Where it can neither be read nor written, in the system's temporary folder.
 */
export function enableLaunchCache(): void {
  const { status } = enableCompileCache({ directory: join(import.meta.dirname, 'compile-cache'), portable: true })
  if (status === constants.compileCacheStatus.FAILED) enableCompileCache()
}
