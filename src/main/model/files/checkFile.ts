import type { ModelCheck } from '../../../shared/contract/model'
import { AppError } from '../../../shared/errors'
import { sizeOf, weightedLayerNames, type Graph } from '../../../core/model/graph'
import { readOnnx, type Obstacle } from '../../../core/model/onnx/importOnnx'
import { measureActivationRanges } from '../../../core/quant/quantize/calibration'
import { quantizeNetwork } from '../../../core/quant/quantize/quantizeNetwork'
import { uniformScheme } from '../../../core/quant/scheme'
import { checkLimits } from '../../../core/deploy/plan'
import { createRandom } from '../../../core/math/random'
import { presentExported } from './presentExported'
import { readModelFile } from './readModelFile'

/** Images of noise on which a network is quantized to find out whether it can be. */
const trialImages = 2

/**
 * Whether a file can be read, and whether integers can be made of it; with all obstacles in the way.
 * @throws AppError input.notFound, input.invalid, data.missing: when there is no file to judge.
 */
export async function checkModelFile(file: string, output?: string): Promise<ModelCheck> {
  let reading
  try {
    reading = readOnnx((await readModelFile(file)).model, output)
  } catch (reason) {
    const error = AppError.from(reason)
    if (!error.code.startsWith('model.')) throw error
    return { readable: false, deployable: false, obstacles: [obstacleOf(error)], outputs: [], output: null }
  }
  const { imported, obstacles, outputs } = reading
  const readable = imported !== null
  const found = imported === null ? obstacles : integerObstacles(imported.graph)
  const exported = imported === null ? undefined : presentExported(imported.graph)
  return {
    readable,
    deployable: readable && found.length === 0,
    obstacles: found.map((obstacle) => ({ ...obstacle })),
    outputs: [...outputs],
    output: imported?.output.name ?? null,
    ...(exported === undefined ? {} : { exported })
  }
}

/** What keeps the network from being quantized to 8 bits. */
export function integerObstacles(graph: Graph): Obstacle[] {
  const layers = weightedLayerNames(graph)
  if (layers.length === 0) {
    return [
      {
        node: '',
        operator: '',
        message: 'The network has no layer with weights, so there is nothing to choose bits for.',
        hint: 'Open a network with at least one Conv, Gemm or MatMul.'
      }
    ]
  }
  const random = createRandom(1)
  const pixels = Uint8Array.from({ length: trialImages * sizeOf(graph.inputShape) }, () =>
    random.integer(256)
  )
  try {
    checkLimits(quantizeNetwork(measureActivationRanges(graph, pixels), uniformScheme(layers, 8, 8)))
    return []
  } catch (reason) {
    return [obstacleOf(AppError.from(reason))]
  }
}

function obstacleOf(error: AppError): Obstacle {
  const text = (key: string): string => {
    const value = error.details?.[key]
    return typeof value === 'string' ? value : ''
  }
  return { node: text('node'), operator: text('operator'), message: error.message, hint: error.hint }
}
