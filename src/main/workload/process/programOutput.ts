import type { SpawnRunner } from './runnerProcess'

/** What a program printed until its end. */
export interface ProgramOutput {
  /** Null when a signal ended it. */
  code: number | null
  out: string
  /** The end of its stderr. */
  errors: string
}

const keptErrors = 2_000

/** Runs a program to its end; one that takes longer than `withinMs` is killed. Rejects when it cannot be started. */
export function programOutput(
  spawn: SpawnRunner,
  file: string,
  args: readonly string[],
  { withinMs, env = process.env }: { withinMs: number; env?: NodeJS.ProcessEnv }
): Promise<ProgramOutput> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true, env })
    let [out, errors] = ['', '']
    const timer = setTimeout(() => child.kill('SIGKILL'), withinMs)
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr
      ?.setEncoding('utf8')
      .on('data', (text: string) => (errors = (errors + text).slice(-keptErrors)))
    child.once('error', (cause) => {
      clearTimeout(timer)
      reject(cause)
    })
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ code, out, errors })
    })
  })
}

/** The last line of what a program printed. */
export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
