import { existsSync } from 'node:fs'
import { logRegressor } from '../../src/core/proxy/estimators/logRegressor'
import { estimatorByName } from '../../src/core/proxy/estimators/registry'
import { scaleFree } from '../../src/core/proxy/estimators/scaleFree'
import type { Estimator } from '../../src/core/proxy/estimators/estimator'
import { evaluateProxy } from '../../src/core/proxy/fit/evaluate'
import type { SampleTable } from '../../src/core/proxy/samples'
import { readSampleFiles } from '../../src/main/proxy/proxyFiles'
import type { Experiment } from './experiment'
import { bitFusionSamples } from './latencySamples'

const forest = (features: 'cbops' | 'cbops+' | 'physics'): Estimator =>
  scaleFree(logRegressor(features, `forest on ${features}`, 'forest', features))
const estimators: readonly (readonly [string, Estimator])[] = [
  ['CBOPs, linear', estimatorByName('cbopsLinear')],
  ['CBOPs, forest', forest('cbops')],
  ['CBOPs and shape, forest', forest('cbops+')],
  ['work terms of the shape, forest', forest('physics')],
  ['auto', estimatorByName('auto')]
]
const profiles = '../shared/data/kernel-profiles'

async function dataSets(seed: number): Promise<[string, SampleTable][]> {
  const sets: [string, SampleTable][] = [['BitFusion, random conv2d', bitFusionSamples('conv2d', seed)]]
  for (const device of ['small', 'high']) {
    const file = `${profiles}/mico_${device}_conv2d_zoo.csv`
    if (existsSync(file))
      sets.push([`MiCo ${device} conv2d, published`, (await readSampleFiles([file], 'conv2d')).samples])
    else console.error(`SKIPPED ${file}: not there`)
  }
  return sets
}

/** The paper's open question 1: does a latency model without the shape suffice? */
export const shapeFeatures: Experiment = {
  question: 'Does leaving the shape out of the latency model cost accuracy?',
  async run({ seed }) {
    const sets = await dataSets(seed)
    const rows = estimators.map(([name, estimator]) => [
      name,
      ...sets.flatMap(([set, samples]) => {
        console.error(`${name}: ${set}`)
        const { splits } = evaluateProxy(samples, estimator, ['random', 'shape'], { seed })
        return [splits.random!.mape.toFixed(1), splits.shape!.mape.toFixed(1)]
      })
    ])
    const columns = ['model', ...sets.flatMap(([set]) => [`${set}: random folds`, 'unseen shapes'])]
    return [{ title: 'Shape features on and off: MAPE in percent', columns, rows }]
  }
}
