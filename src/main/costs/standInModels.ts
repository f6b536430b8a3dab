import { createRandom } from '../../core/math/random'
import { sizeOf, type Graph } from '../../core/model/graph'
import type { QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import { inputBits, type Scheme } from '../../core/quant/scheme'

/** Seed of the noise that networks without data are run on. */
const noiseSeed = 1

/** What a network without data is run with: stand-in codes (core/quant/quantize/standInNetwork.ts) on bytes of noise. */
export function standInModels<
  Models extends {
    graph(modelId: string): Promise<Graph>
    standIn(modelId: string, scheme: Scheme): Promise<QuantizedNetwork>
  }
>(models: Models) {
  return {
    ...models,
    quantize: (modelId: string, scheme: Scheme) => models.standIn(modelId, scheme),
    async testInputs(modelId: string, images: number) {
      const size = sizeOf((await models.graph(modelId)).inputShape)
      const random = createRandom(noiseSeed)
      const low = -(2 ** (inputBits - 1))
      const codes = Int8Array.from({ length: images * size }, () => low + random.integer(2 ** inputBits))
      return { codes, labels: null, images }
    }
  }
}
