/** What a task function is given besides its input. */
export interface TaskContext {
  readonly signal: AbortSignal
  progress(done: number, total: number, note?: string): void
  /** Lets an abort message in and throws job.cancelled when one came; call it between chunks of work. */
  yieldToAbort(): Promise<void>
}
