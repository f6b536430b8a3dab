import { spawn, spawnSync } from 'node:child_process'
import path from 'node:path'

const script = path.resolve('test/fixtures/smi/fakeSmi.mjs')

/**
 * Compiles smiLoop.c into `folder` and makes it the nvidia-smi of this process; without a C compiler the stand-in of the
 * tests is it. Returns its path.
 */
export function useNativeSmi(folder: string): string {
  const program = path.join(folder, 'nvidia-smi')
  const built = spawnSync('cc', ['-O2', '-o', program, path.resolve('bench/sampling/smiLoop.c')], {
    encoding: 'utf8'
  })
  if (built.error === undefined && built.status !== 0)
    throw new Error(`smiLoop.c did not compile:\n${built.stderr}`)
  const smi = built.error === undefined ? program : script
  Object.assign(process.env, {
    BITBENCH_NVIDIA_SMI: smi,
    SMI_NODE: process.execPath,
    SMI_SCRIPT: script
  })
  return smi
}

/** Says how many GPUs the stand-in has from now on. */
export function setGpus(count: number): void {
  process.env['FAKE_SMI'] = JSON.stringify({
    gpus: Array.from({ length: count }, (_, index) => ({ name: 'Stand-in A100', idleW: 50 + index }))
  })
}

/** Runs the endless query without a reader: what the stand-in takes by itself. Returns what ends it. */
export function startUnread(smi: string, gpus: number, intervalMs: number): () => void {
  const fields = 'timestamp,index,power.draw,power.draw.instant,clocks.current.sm,temperature.gpu'
  const isScript = smi === script
  const indexes = Array.from({ length: gpus }, (_, index) => index).join(',')
  const loop = spawn(
    isScript ? process.execPath : smi,
    [
      ...(isScript ? [script] : []),
      `--query-gpu=${fields}`,
      ...['--format=csv', '-lms', String(intervalMs), '-i', indexes]
    ],
    { stdio: 'ignore' }
  )
  return () => void loop.kill()
}
