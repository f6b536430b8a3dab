import type { KernelShape } from '../../core/kernel/shape'
import { shapesOf } from '../../core/deploy/kernelCalls'
import type { QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import { uniformScheme, type Scheme } from '../../core/quant/scheme'

/** The part of the model service that pricing networks needs. */
export interface NetworkSource {
  /** The weighted layers in order. */
  layers(modelId: string): Promise<{ name: string }[]>
  quantize(modelId: string, scheme: Scheme): Promise<QuantizedNetwork>
}

/** A model with 8-bit weights and activations in every layer: the network that costs and shapes are read from. */
export async function int8Network(models: NetworkSource, modelId: string): Promise<QuantizedNetwork> {
  const layers = (await models.layers(modelId)).map((layer) => layer.name)
  return await models.quantize(modelId, uniformScheme(layers, 8, 8))
}

/** The kernel shapes that a model's layers call, each once. */
export async function layerShapes(models: NetworkSource, modelId: string): Promise<KernelShape[]> {
  return shapesOf(await int8Network(models, modelId))
}
