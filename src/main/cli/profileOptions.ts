import { kernelNames, type KernelName } from '../../shared/vocabulary'
import { dimNames } from '../../core/kernel/shape'
import type { BitPair, RequestedShape } from '../../shared/contract/profile'
import { textOption, UsageError, type CliArguments } from './framework'

/** Options of `bitbench profile` that are written in a notation of their own. */

/** Parts between commas, without empty ones. */
export function listOption(args: CliArguments, name: string): string[] {
  return (textOption(args, name) ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** @throws UsageError naming the kernels there are */
export function kernelOf(name: string): KernelName {
  const kernel = kernelNames.find((known) => known === name)
  if (kernel === undefined)
    throw new UsageError(`there is no kernel "${name}"; there are ${kernelNames.join(', ')}`)
  return kernel
}

/** "a8w4" */
export function pairOf(text: string): BitPair {
  const found = /^a([1248])w([1248])$/.exec(text)
  if (found === null) throw new UsageError(`a bit pair is written a8w4 (8, 4, 2 or 1 bits), not "${text}"`)
  return { activationBits: Number(found[1]), weightBits: Number(found[2]) }
}

/** "matmul:1x120x256" */
export function shapesOption(args: CliArguments): RequestedShape[] {
  return listOption(args, 'shape').map((text) => {
    const [name = '', sizes = ''] = text.split(':')
    const kernel = kernelOf(name)
    const dims = sizes.split('x').map(Number)
    const names = dimNames(kernel)
    if (dims.length !== names.length || dims.some((value) => !Number.isInteger(value) || value < 0)) {
      throw new UsageError(`a ${kernel} shape is ${kernel}:${names.join('x')}, not "${text}"`)
    }
    return { kernel, dims }
  })
}
