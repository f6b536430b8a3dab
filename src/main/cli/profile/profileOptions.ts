import { parseBitPair } from '../../../shared/bitPair'
import { isKernelBits } from '../../../core/quant/scheme'
import { kernelNames, type KernelName } from '../../../shared/vocabulary'
import { kernelSpec } from '../../../core/kernel/spec'
import type { BitPair, RequestedShape } from '../../../shared/contract/profile'
import { listOption, UsageError, type CliArguments } from '../framework/framework'

/** Options of `bitbench profile` that are written in a notation of their own. */

/** Which of two readings of a CSV file's numbers is meant. */
export const decimalOption = {
  type: 'string',
  help: 'decimal mark, "." or ",", where a file can be read both ways'
} as const

/** Returns a kernel by its name. @throws UsageError naming the kernels there are */
export function kernelOf(name: string): KernelName {
  const kernel = kernelNames.find((known) => known === name)
  if (kernel === undefined)
    throw new UsageError(`there is no kernel "${name}"; there are ${kernelNames.join(', ')}`)
  return kernel
}

/** "w4a8" or "a8w4". @throws UsageError for any other text and for widths there are not */
export function pairOf(text: string): BitPair {
  const pair = parseBitPair(text)
  if (pair === null || !isKernelBits(pair.weightBits) || !isKernelBits(pair.activationBits))
    throw new UsageError(`a bit pair is written w4a8 (8, 4, 2 or 1 bits), not "${text}"`)
  return pair
}

/** How the sizes of a kernel are written, with what each of them is: "conv2d:HxWxC… (h input height, …)". */
export function shapeNotation(kernel: KernelName): string {
  const { dims } = kernelSpec(kernel)
  const explained = dims.map(({ name, meaning }) => (name === meaning ? name : `${name} ${meaning}`))
  return `${kernel}:${dims.map(({ name }) => name.toUpperCase()).join(' x ')} (${explained.join(', ')})`
}

/** Below the options of verbs that take --shape. */
export const shapeNotes: readonly string[] = [
  'A shape is the kernel and its sizes in this order, e.g. conv2d:16x16x8x32x3x1x1:',
  ...kernelNames.map((kernel) => `  ${shapeNotation(kernel)}`)
]

/** "matmul:1x120x256". @throws UsageError explaining the sizes of the kernel */
export function shapesOption(args: CliArguments): RequestedShape[] {
  return listOption(args, 'shape').map((text) => {
    const [name = '', sizes = ''] = text.split(':')
    const kernel = kernelOf(name)
    const dims = sizes.split('x').map((size) => (size.trim() === '' ? Number.NaN : Number(size)))
    const wanted = kernelSpec(kernel).dims.length
    const isWrong = dims.some((value) => !Number.isInteger(value) || value < 0)
    if (dims.length !== wanted || isWrong) {
      const found = isWrong ? 'not all of them are whole numbers' : `${dims.length} are given`
      throw new UsageError(
        `"${text}" is no ${kernel} shape: it takes ${wanted} sizes, ${found}. Write ${shapeNotation(kernel)}.`
      )
    }
    return { kernel, dims }
  })
}
