import type { ClockLock, Gpu } from '../../../shared/contract/gpu'
import { AppError } from '../../../shared/errors'
import { holdUntilExit } from './heldClocks'
import { askSmi, type SmiAnswer, type SmiCommand, type Spawn } from './smiProcess'

/** Clocks that were locked for a recording. */
export interface LockedClocks {
  state(): ClockLock
  /** Frees the clocks; the result has the reason when nvidia-smi refused. */
  restore(): Promise<ClockLock>
}

/**
 * Locks the SM clock of GPUs (nvidia-smi -lgc), which takes the administrator's right on most systems. What ends the process
 * before `restore`, but SIGKILL, frees them too.
 *
 * @throws tool.failed when a GPU refused; those already locked are freed first
 */
export async function lockClocks(
  { spawn, smi, gpus }: { spawn: Spawn; smi: SmiCommand; gpus: readonly Gpu[] },
  smClockMhz: number
): Promise<LockedClocks> {
  const locked: { index: number; letGo: () => void }[] = []
  const release = async (): Promise<string | null> => {
    const problem = await freeClocks({ spawn, smi, gpus: locked })
    for (const { letGo } of locked) letGo()
    return problem === null ? null : `The clocks are still locked (${problem}): run nvidia-smi -rgc.`
  }
  for (const { index } of gpus) {
    // Held before it is locked: an end of the process in between gives back what was not locked, which changes nothing.
    const letGo = holdUntilExit(smi, index)
    const problem = await clockProblem({ spawn, smi }, index, '-lgc', `${smClockMhz},${smClockMhz}`)
    if (problem === null) {
      locked.push({ index, letGo })
      continue
    }
    letGo()
    await release()
    throw new AppError(
      'tool.failed',
      `The clock of GPU ${index} could not be locked at ${smClockMhz} MHz: ${problem}`,
      "It needs the administrator's right (sudo), and a clock from nvidia-smi -q -d SUPPORTED_CLOCKS; or record without it."
    )
  }
  let state: ClockLock = { smClockMhz, restored: false, message: null }
  return {
    state: () => state,
    async restore() {
      const message = await release()
      state = { smClockMhz, restored: message === null, message }
      return state
    }
  }
}

/**
 * Frees the SM clock of GPUs (nvidia-smi -rgc), also of those behind one that refuses; returns what nvidia-smi or its start
 * had against it, GPU by GPU, null when all are free.
 */
export async function freeClocks({
  spawn,
  smi,
  gpus
}: {
  spawn: Spawn
  smi: SmiCommand
  gpus: readonly Pick<Gpu, 'index'>[]
}): Promise<string | null> {
  const problems: string[] = []
  for (const { index } of gpus) {
    const problem = await clockProblem({ spawn, smi }, index, '-rgc')
    if (problem !== null) problems.push(`GPU ${index}: ${problem}`)
  }
  return problems.length === 0 ? null : problems.join('; ')
}

/** Sets or frees clocks of a GPU; returns what nvidia-smi or its start had against it, null when it succeeded. */
async function clockProblem(
  { spawn, smi }: { spawn: Spawn; smi: SmiCommand },
  index: number,
  ...options: string[]
): Promise<string | null> {
  try {
    return refusal(await askSmi(spawn, smi, ['-i', String(index), ...options]))
  } catch (cause) {
    return AppError.from(cause).message
  }
}

/** nvidia-smi's words when it refused, else null. Some versions refuse with exit code 0. */
function refusal({ exitCode, stdout, stderr }: SmiAnswer): string | null {
  const said = `${stdout}\n${stderr}`
  const refused = /permission|not supported|invalid|error|failed/i.exec(said) !== null
  if (exitCode === 0 && !refused) return null
  return (
    said
      .split(/\r?\n/)
      .find((line) => line.trim() !== '')
      ?.trim() ?? `exit code ${exitCode}`
  )
}
