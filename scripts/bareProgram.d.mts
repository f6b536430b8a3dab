export const bareFlags: readonly string[]
export function isaOf(variant: string, xlen: 32 | 64): string
export function buildBareProgram(options: {
  compiler: string
  variant: string
  xlen: 32 | 64
  sources: readonly string[]
  flags?: readonly string[]
  /** RAM of the machine, bytes; default: 1 MiB. */
  ramBytes?: number
  elf: string
}): void
