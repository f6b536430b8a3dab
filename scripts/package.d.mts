export const packageFolder: string
export function buildPackage(): Promise<{
  file: string
  packedBytes: number
  unpackedBytes: number
  files: number
}>
