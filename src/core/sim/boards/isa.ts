import type { MachineConfig } from './presets'

/** The ISA string of a board's core. */
export function isaOf({
  zbb,
  xbb = false,
  plain = false
}: Pick<MachineConfig, 'zbb' | 'xbb' | 'plain'>): string {
  return `rv32${plain ? 'im' : 'imac'}_zicsr_zifencei${zbb ? '_zbb' : ''}${xbb === 'cfu' ? '_xbbcfu' : xbb ? '_xbb' : ''}`
}
