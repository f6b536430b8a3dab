import type { KernelShape } from '../../core/kernel/shape'
import { shapesOf } from '../../core/deploy/kernelCalls'
import type { QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import { uniformScheme, type Scheme } from '../../core/quant/scheme'

/** The part of the model service that pricing networks needs. */
export interface NetworkSource {
  /** The weighted layers in order. */
  layers(modelId: string): Promise<{ name: string }[]>
  /** A network with the shapes and sizes it has under a scheme, and codes that stand in for its own; needs no data. */
  standIn(modelId: string, scheme: Scheme): Promise<QuantizedNetwork>
}

/**
 * A model with 8-bit weights and activations in every layer: the network that costs and shapes are read from. It comes from the
 * graph alone, so that a network without a data set can be profiled and searched by cost.
 */
export async function int8Network(models: NetworkSource, modelId: string): Promise<QuantizedNetwork> {
  const layers = (await models.layers(modelId)).map((layer) => layer.name)
  return await models.standIn(modelId, uniformScheme(layers, 8, 8))
}

/** The kernel shapes that a model's layers call, each once. */
export async function layerShapes(models: NetworkSource, modelId: string): Promise<KernelShape[]> {
  return shapesOf(await int8Network(models, modelId))
}
