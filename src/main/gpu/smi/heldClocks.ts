import { spawnSync } from 'node:child_process'
import { smiEnvironment, type SmiCommand } from './smiProcess'

/** Locked clocks of this process that were not given back yet. */
const held = new Set<{ readonly smi: SmiCommand; readonly index: number }>()
let isWatching = false

/** Longest wait for one nvidia-smi while the process ends, ms: a hung driver must not keep it. */
const atExitMs = 5_000

/**
 * Frees the clocks of a GPU (nvidia-smi -rgc) when this process ends before the returned function is called: by an
 * uncaught error, or a second signal that ends it at once. Nothing can be done here about SIGKILL: see leftClocks.ts.
 */
export function holdUntilExit(smi: SmiCommand, index: number): () => void {
  if (!isWatching) process.on('exit', freeHeld)
  isWatching = true
  const clock = { smi, index }
  held.add(clock)
  return () => void held.delete(clock)
}

/** Only synchronous work is done once the process ends. */
function freeHeld(): void {
  for (const { smi, index } of held) {
    spawnSync(smi.file, [...smi.leadingArguments, '-i', String(index), '-rgc'], {
      ...{ stdio: 'ignore', windowsHide: true, timeout: atExitMs, env: smiEnvironment(smi) }
    })
  }
}
