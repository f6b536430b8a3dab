import type { Genes, SearchProblem } from './problem'

/** Features of MiCo's accuracy model: [W bits, A bits, W bits * MAC share, A bits * MAC share] per layer. */
export function featureCount(problem: SearchProblem): number {
  return 4 * problem.layers.length
}

/** Row by row, schemes x featureCount. */
export function schemeFeatures(problem: SearchProblem, schemes: readonly Genes[]): Float64Array {
  const layers = problem.layers.length
  const dims = 4 * layers
  const totalMacs = problem.macs.reduce((sum, macs) => sum + macs, 0)
  const features = new Float64Array(schemes.length * dims)
  for (const [row, genes] of schemes.entries()) {
    for (let layer = 0; layer < layers; layer++) {
      const weightBits = problem.choices[2 * layer]![genes[2 * layer]!]!
      const activationBits = problem.choices[2 * layer + 1]![genes[2 * layer + 1]!]!
      const share = problem.macs[layer]! / totalMacs
      const at = row * dims + layer
      features[at] = weightBits
      features[at + layers] = activationBits
      features[at + 2 * layers] = weightBits * share
      features[at + 3 * layers] = activationBits * share
    }
  }
  return features
}
