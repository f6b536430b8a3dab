export interface KernelPair {
  activationBits: 8 | 4 | 2 | 1
  weightBits: 8 | 4 | 2 | 1
  engine: string
  variant: number
  layout: 'BB_LAYOUT_PACKED' | 'BB_LAYOUT_PLANES' | 'BB_LAYOUT_QUADS'
  rowsMax: number
  scratch: string
  dot: string
}
export const kernelFolder: string
export const variantNames: readonly string[]
export function pairsOf(name: string): KernelPair[]
export function kernelSources(name: string): string[]
