import { setFlagsFromString } from 'node:v8'

/**
 * Lets the heap of this process grow to three times what is in use before it is marked again. Evaluations pass small heaps and many
 * large buffers around, which V8 counts as growth: by its own rule it marks the heap after every evaluation, on several threads at
 * once, a sixth of all processor time (docs/workers.md). Buffers are limited by a rule of their own, 64 MiB after each marking.
 * The flag is one of the whole process: the main thread's heap may grow so too. Under Electron it is left alone: not measured there.
 */
export function useRoomyHeap(): void {
  if (process.versions.electron === undefined) setFlagsFromString('--heap-growing-percent=200')
}
