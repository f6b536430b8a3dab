import { expect, it } from 'vitest'
import type { FitResult, LayersRequest } from '@core/quant/quantize/fitEngine'
import { createByteCache } from '@core/quant/quantize/byteCache'
import { createLayerCodes } from '@core/quant/quantize/layerCodes'
import type { IntegerLayer } from '@core/quant/quantizedNetwork'

/** Blocks of two layers and the sum of their output and their input; every node but the sums reads the bytes of its input. */
const blocks = 6
const nodes = Array.from({ length: 3 * blocks }, (_, at) => ({
  inputs: at % 3 === 2 ? [at - 1, at - 3] : [at - 1],
  isRead: at % 3 !== 2
}))

it('computes every output once and lets go of it, also where the cache keeps nothing', () => {
  let reached = -1
  const runs: string[] = []
  const codes = createLayerCodes(
    {
      bytes: Uint8Array.of(255),
      images: 1,
      codesCache: { ...createByteCache(0), get: () => undefined, set: () => undefined }
    },
    (position) => nodes.some(({ inputs }, reader) => reader >= reached && inputs.includes(position))
  )
  const bytesOf = (position: number): number => {
    const work = codes.bytesOf(position)
    let step = work.next()
    while (step.done !== true) {
      const { layers, wanted, sources, inputs } = step.value as LayersRequest
      runs.push(...layers.map(({ name }) => name))
      expect(sources.flat().every((from) => from >= 0 || inputs[-1 - from] !== undefined)).toBe(true)
      const outputs = layers.map(({ name }) => Uint8Array.of(Number(name)))
      step = work.next(wanted.map((at) => outputs[at]!) as FitResult)
    }
    return step.value[0]!
  }
  for (const [at, { inputs, isRead }] of nodes.entries()) {
    reached = at
    codes.release()
    if (isRead) expect(bytesOf(inputs[0]!)).toBe(inputs[0] === -1 ? 255 : inputs[0])
    const layer = { name: `${at}`, op: 'add' } as unknown as IntegerLayer
    expect(codes.add({ layer, inputs, signature: `${at}` })).toBe(at)
  }
  // The last sum has no reader, so it and the layer before it are never needed.
  expect(runs).toEqual(nodes.slice(0, -2).map((_, at) => `${at}`))
})
