/** A load that failed, and how to begin it again. */
export interface FailedLoad {
  readonly error: Error
  readonly retry: () => void
}
