/** Message to a worker; `end`: leave, now or between two steps of the task. */
export type ToWorker = { kind: 'run'; name: string; input: unknown } | { kind: 'abort' } | { kind: 'end' }

/** Message from a worker. */
export type FromWorker =
  | { kind: 'progress'; done: number; total: number; note: string }
  | { kind: 'done'; output: unknown }
  | { kind: 'failed'; error: unknown }
