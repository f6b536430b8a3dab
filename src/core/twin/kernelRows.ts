import { AppError } from '../../shared/errors'
import type { BenchRequest } from '../board/protocol'
import { shapeWork, type KernelShape } from '../kernel/shape'

/** A row as `bench kernels --json` prints it. */
export interface KernelRow {
  kernel: 'matmul' | 'conv2d'
  /** 16x64x256 of a matmul (rows, outputs, depth); 16x16x16->32 3x3 of a convolution (height, width, channels, outputs). */
  shape: string
  activationBits: number
  weightBits: number
  /** Null on boards that count no cycles. */
  cyclesPerMac: number | null
  instructionsPerMac?: number | null | undefined
}

/** Distinguishes rows of one kernel. */
export const rowKey = (row: Omit<KernelRow, 'cyclesPerMac'>): string =>
  `${row.kernel} ${row.shape} a${row.activationBits}w${row.weightBits}`

/** The benchmark a row came from; stride 1 and padding 1 as `bench kernels` has them. @throws input.invalid */
export function benchOf(row: Omit<KernelRow, 'cyclesPerMac'>): Omit<BenchRequest, 'repetitions'> {
  const { kernel, activationBits, weightBits } = row
  return { kernel, dims: [...shapeOf(row).dims], activationBits, weightBits, seed: 1 }
}

/** Multiply-accumulates of a row's kernel. @throws input.invalid */
export const rowMacs = (row: Omit<KernelRow, 'cyclesPerMac'>): number => shapeWork(shapeOf(row)).macs

function shapeOf({ kernel, shape }: Pick<KernelRow, 'kernel' | 'shape'>): KernelShape {
  const matmul = /^(\d+)x(\d+)x(\d+)$/.exec(shape)
  if (kernel === 'matmul' && matmul !== null) return { kernel, dims: matmul.slice(1).map(Number) }
  const conv = /^(\d+)x(\d+)x(\d+)->(\d+) (\d+)x(\d+)$/.exec(shape)
  if (kernel === 'conv2d' && conv !== null && conv[5] === conv[6])
    return { kernel, dims: [...conv.slice(1, 6).map(Number), 1, 1] }
  throw new AppError(
    'input.invalid',
    `"${shape}" is not the shape of a ${kernel} row.`,
    'Give rows as `bitbench bench kernels --json` prints them, e.g. 16x64x256 or 16x16x16->32 3x3.'
  )
}
