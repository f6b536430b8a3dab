import { growForest } from '../../regression/trees/forest'
import { valuesByTree } from '../../regression/trees/ensemble'
import type { FeatureMatrix } from '../../regression/featureMatrix'
import type { Candidate } from '../candidate'
import { lossOfScore, scoreOf } from '../objective'
import type { Objective } from '../../../shared/vocabulary'
import { genesOfScheme, type Genes, type SearchSpace } from '../space'

/** A model of the score (objective.ts, higher is better) learned from the evaluated schemes. */
export interface Surrogate {
  /** Mean and spread of the score over the trees, and the loss that belongs to the mean; per scheme. */
  predict(schemes: readonly Genes[]): { score: Float64Array; deviation: Float64Array; loss: Float64Array }
}

const trees = 60

/**
 * Random forest on [weight bits, activation bits, both times the layer's share of the multiply-accumulates], as in
 * MiCo; shallower for many layers, where there are few samples per feature.
 */
export function fitSurrogate(
  space: SearchSpace,
  history: readonly Candidate[],
  objective: Objective,
  seed: number
): Surrogate {
  const matrix = featuresOf(
    space,
    history.map(({ scheme }) => genesOfScheme(scheme, space.widths))
  )
  const features = matrix.columns.length
  const maxDepth = features > 60 ? 4 : features > 40 ? 6 : features > 20 ? 8 : 12
  const scores = Float64Array.from(history, ({ loss }) => scoreOf(objective, loss))
  const forest = growForest(matrix, scores, { trees, minLeaf: 1, maxDepth, featureShare: 0.5, seed })
  return {
    predict(schemes) {
      const values = valuesByTree(forest, featuresOf(space, schemes))
      const count = schemes.length
      const score = new Float64Array(count)
      const deviation = new Float64Array(count)
      for (let at = 0; at < count; at++) {
        let sum = 0
        let square = 0
        for (let tree = 0; tree < trees; tree++) {
          const value = values[tree * count + at]
          sum += value
          square += value * value
        }
        score[at] = sum / trees
        deviation[at] = Math.sqrt(Math.max(0, square / trees - score[at] ** 2))
      }
      return { score, deviation, loss: score.map((value) => lossOfScore(objective, value)) }
    }
  }
}

function featuresOf(space: SearchSpace, schemes: readonly Genes[]): FeatureMatrix {
  const total = space.macs.reduce((sum, macs) => sum + macs, 0) || 1
  const names: string[] = []
  const columns: Float64Array[] = []
  for (const [layer, macs] of space.macs.entries()) {
    for (const [offset, what] of ['weight', 'activation'].entries()) {
      const bits = Float64Array.from(schemes, (genes) => space.widths[genes[2 * layer + offset]])
      names.push(`${what}${layer}`, `${what}Macs${layer}`)
      columns.push(
        bits,
        bits.map((value) => (value * macs) / total)
      )
    }
  }
  return { names, columns, count: schemes.length }
}
