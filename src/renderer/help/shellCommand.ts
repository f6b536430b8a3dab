/** One line of the command palette. */
export interface ShellCommand {
  readonly id: string
  readonly title: string
  /** What it is for, in few words. */
  readonly detail: string
  /** The keys that do the same, where there are any. */
  readonly keys: string | null
  run(): void
}
