/** A reporter of vitest: after a run of many files, the five whose tests took longest. */
import { relative } from 'node:path'
import type { Reporter, TestModule } from 'vitest/node'
import { packageFolder } from '../server/platform/config/package-folder.ts'

const shown = 5

export default class SlowestFiles implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    if (modules.length <= shown) return
    const slowest = modules
      .map((module) => ({ module, ms: duration(module) }))
      .sort((a, b) => b.ms - a.ms)
      .slice(0, shown)
    console.log('\nSlowest files')
    for (const { module, ms } of slowest) {
      console.log(`  ${(ms / 1000).toFixed(1).padStart(6)} s  ${relative(packageFolder, module.moduleId)}`)
    }
  }
}

/** Of its tests, hooks and modules, in a worker that shares the machine with the others. */
function duration(module: TestModule): number {
  const { collectDuration, setupDuration, duration } = module.diagnostic()
  return collectDuration + setupDuration + duration
}
