/** Runs `work` while no other process does so under the same lock file; a lock of a process that ended is taken over. */
export function withFileLock<T>(
  file: string,
  work: () => Promise<T>,
  options?: { pollMs?: number; onWait?: () => void }
): Promise<T>
