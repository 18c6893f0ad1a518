/** One thing that is wrong with a build, and the test that must find it. */
export interface Fault {
  /** In plain English, and unique: the command line names faults by it. */
  readonly name: string
  /** The file that is broken, from the root of the repository. */
  readonly file: string
  /** The text that is replaced. It occurs exactly once in the file. */
  readonly from: string
  readonly to: string
  readonly foundBy: {
    /** The project of vitest.config.ts; `embedded` when absent. */
    readonly project?: 'embedded' | 'postgres'
    readonly file: string
    /** A pattern of test names, for a file that takes long; the whole file runs when absent. */
    readonly tests?: string
  }
}

export const projectOf = ({ foundBy: { project = 'embedded' } }: Fault) => project
