import { existsSync } from 'node:fs'
import type { SmiCommand } from './smiProcess'

/** measured: readings of a GPU of this machine; simulated: of what stands in for nvidia-smi. */
export type SmiOrigin = 'measured' | 'simulated'

/**
 * What NVIDIA's kernel drivers show to every process that can use a GPU, in containers too: desktop and data centre
 * (nvidiactl), WSL (dxg), Jetson (nvmap, nvgpu, nvhost).
 */
const driverTraces = [
  '/dev/nvidiactl',
  '/proc/driver/nvidia',
  '/dev/dxg',
  '/dev/nvmap',
  '/dev/nvgpu',
  '/dev/nvhost-ctrl'
]

/** Whether this system can have an NVIDIA GPU; elsewhere than on Linux that is not looked for, and true. */
export function hasNvidiaDriver(
  exists: (file: string) => boolean = existsSync,
  platform: string = process.platform
): boolean {
  return platform !== 'linux' || driverTraces.some(exists)
}

/**
 * Whether readings are measurements. They are none when this program itself runs the stand-in, when the stand-in says
 * SIMULATED in its help (the name of its file says nothing), and when no NVIDIA driver is loaded, without which no program
 * can read a GPU here.
 *
 * @param help what `--help-query-gpu` printed
 */
export function smiOrigin(smi: SmiCommand, help: string, hasDriver: boolean): SmiOrigin {
  return smi.leadingArguments.length > 0 || /\bSIMULATED\b/.test(help) || !hasDriver
    ? 'simulated'
    : 'measured'
}
