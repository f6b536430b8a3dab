import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { TwinFirmware } from '@core/twin/monitorMachine'

const folder = 'resources/firmware/build'
/** Commit whose kernels rows were measured with where their file names none (README beside the shared rows). */
export const sharedRowsCommit = 'f4377ac9'

const twinFirmware = (file: (name: string) => Uint8Array): TwinFirmware => ({
  litexImage: file('monitor-litex.bin'),
  monitorElf: file('monitor.elf')
})

/** Returns a built firmware file of this working tree. */
export const builtFile = (name: string): string => path.join(folder, name)

/** Returns the monitors of this working tree. */
export const presentFirmware = (): TwinFirmware =>
  twinFirmware((name) => new Uint8Array(readFileSync(builtFile(name))))

/** Returns the monitors of a commit, from the history of the repository; null without it. */
export function firmwareAt(commit: string): TwinFirmware | null {
  const show = (name: string): Uint8Array =>
    new Uint8Array(
      execFileSync('git', ['show', `${commit}:${folder}/${name}`], {
        maxBuffer: 1 << 26,
        stdio: ['ignore', 'pipe', 'ignore']
      })
    )
  try {
    return twinFirmware(show)
  } catch {
    return null
  }
}
