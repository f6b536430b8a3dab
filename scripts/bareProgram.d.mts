export const bareFlags: readonly string[]
export function isaOf(variant: string, xlen: 32 | 64): string
export function buildBareProgram(options: {
  compiler: string
  variant: string
  xlen: 32 | 64
  sources: readonly string[]
  flags?: readonly string[]
  elf: string
}): void
