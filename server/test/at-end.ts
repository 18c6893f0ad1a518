import { afterAll, onTestFinished, TestRunner } from 'vitest'

/** After the test that runs, and where none does, after those of the file. The last told is the first done. */
export function atEnd(task: () => Promise<unknown>): void {
  if (TestRunner.getCurrentTest()) onTestFinished(async () => void (await task()))
  else afterAll(task)
}
