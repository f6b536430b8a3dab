import path from 'node:path'
import { createRandom } from '../../src/core/math/random'
import { spearman } from '../../src/core/math/correlation'
import { weightedLayerNames } from '../../src/core/model/graph'
import { schemeKey, type Bits, type Scheme } from '../../src/core/quant/scheme'
import { openBench, quantizeOn } from '../../src/main/model/modelWorkspace'
import { schemeCorrect } from '../../src/main/model/accuracy/schemeAccuracy'
import { retrain, usualSettings } from '../../src/main/model/training/retrain'
import { resourcePath } from '../../src/main/paths'
import type { Experiment } from './experiment'
import { quietTask } from '../quietTask'

/** Images seen by the short ones: a twentieth of an epoch of the full set, and the usual retraining. */
const shortLengths = [3_000, usualSettings.imagesSeen]

/** The paper's open question 2: does a short retraining rank schemes as a long one does? */
export const shortTraining: Experiment = {
  question: 'Does short retraining rank 1- and 2-bit schemes as long retraining does?',
  async run({ seed, schemes, longest }) {
    const lengths = [...shortLengths, longest]
    const modelsFolder = resourcePath('models')
    const bench = await openBench({ file: path.join(modelsFolder, 'lenet5-fashion.onnx'), modelsFolder })
    const images = await bench.library.load('search')
    const random = createRandom(seed)
    const drawn = Array.from({ length: schemes }, () => lowScheme(weightedLayerNames(bench.graph), random))
    const rows: { scheme: Scheme; accuracies: number[] }[] = []
    for (const [at, scheme] of drawn.entries()) {
      const fitted = await quantizeOn(bench, scheme, 'ptq', quietTask)
      const accuracies = [(await schemeCorrect(fitted, images)) / images.count]
      for (const imagesSeen of lengths) {
        const trained = await retrain(bench, fitted, quietTask, { ...usualSettings, imagesSeen })
        accuracies.push((await schemeCorrect(trained, images)) / images.count)
      }
      rows.push({ scheme, accuracies })
      console.error(`${at + 1} of ${schemes}: ${schemeKey(scheme)} ${accuracies.map(percent).join(' ')}`)
    }
    const last = rows.map(({ accuracies }) => accuracies.at(-1)!)
    const ranks = rows[0]!.accuracies.map((_, length) => {
      const rank = spearman(
        Float64Array.from(rows, ({ accuracies }) => accuracies[length]!),
        Float64Array.from(last)
      )
      return rank === null ? null : rank.toFixed(2)
    })
    const columns = ['scheme', 'no retraining', ...lengths.map((seen) => `${seen / 1000}k images`)]
    return [
      {
        title: 'Accuracy on the search images in percent, and Spearman against the longest retraining',
        columns,
        rows: [
          ...rows.map(({ scheme, accuracies }) => [schemeKey(scheme), ...accuracies.map(percent)]),
          ['Spearman', ...ranks]
        ]
      }
    ]
  }
}

const percent = (share: number): string => (100 * share).toFixed(1)

/** All at 1 and 2 bits but for the input. */
function lowScheme(layers: readonly string[], random: ReturnType<typeof createRandom>): Scheme {
  const low = (): Bits => (random.integer(2) === 0 ? 1 : 2)
  return layers.map((layer, at) => ({ layer, weightBits: low(), activationBits: at === 0 ? 8 : low() }))
}
