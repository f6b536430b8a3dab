import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { firstImages } from '@core/model/dataSet'
import { weightedLayerNames } from '@core/model/graph'
import { exportOnnx } from '@core/model/onnx/exportOnnx'
import { measureScores } from '@core/model/scoreMeasure'
import { parseScheme } from '@core/quant/scheme'
import { floatScores } from '@main/model/accuracy/floatAccuracy'
import { schemeRealScores } from '@main/model/accuracy/schemeAccuracy'
import { openBench, quantizeOn } from '@main/model/modelWorkspace'
import { openOrtSession } from '@main/model/onnxruntime/ortSession'

const modelsFolder = fileURLToPath(new URL('../../../../resources/models', import.meta.url))
const context = {
  signal: new AbortController().signal,
  progress: () => undefined,
  yieldToAbort: async () => undefined
}

it.each(['w2a8', 'w1a4'])(
  'reconstruction brings all layers at %s nearer to the float network on items that it does not see',
  async (text) => {
    const bench = await openBench({ file: path.join(modelsFolder, 'lenet5-fashion.onnx'), modelsFolder })
    const items = firstImages(await bench.library.load('search'), 600)
    const session = await openOrtSession(exportOnnx(bench.graph))
    const float = await floatScores(session, bench.graph, items)
    await session.release()
    const klBy = async (method: 'ptq' | 'reconstruct'): Promise<number> => {
      const network = await quantizeOn(
        bench,
        parseScheme(text, weightedLayerNames(bench.graph)),
        method,
        context
      )
      return measureScores(await schemeRealScores(network, items), float, items.labels).kl
    }
    // A third less on all search items (docs/models.md).
    expect(await klBy('reconstruct')).toBeLessThan(0.85 * (await klBy('ptq')))
  },
  60_000
)
