import { isWeighted, type QuantizedNetwork } from '../quant/quantizedNetwork'
import type { Bits } from '../quant/scheme'

/**
 * The network as its cost sees it when every layer works at these bits, but for what reads the image, whose codes stay
 * what they are: calls and shapes are right, codes and scales are still those of the scheme it was quantized with.
 */
export function atBits(network: QuantizedNetwork, bits: Bits): QuantizedNetwork {
  return {
    ...network,
    layers: network.layers.map((layer) => {
      const read = layer.inputs.includes(-1) ? network.inputBits : bits
      const changed = { ...layer, input: { ...layer.input, bits: read }, outBits: bits }
      if (isWeighted(changed)) return { ...changed, weightBits: bits, activationBits: read }
      return changed.op === 'recurrent' && changed.bitsOf !== null
        ? { ...changed, weightBits: bits }
        : changed
    })
  }
}
