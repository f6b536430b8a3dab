/**
 * Errors of proxies of the kernels of language models, encoders and recurrences on shapes that they were not fitted on: shapes drawn as
 * campaigns draw them, measured by the monitor on a virtual core, five groups of shapes left out in turn.
 *
 *   npm run bench:sequence-proxies -- [--kernels product,softmax] [--core mid] [--shapes 60] [--seeds 1,2] [--estimators auto,physics]
 */
import { shapeKey } from '../src/core/kernel/shape'
import { spaceFillingShapes } from '../src/core/profile/design'
import { isSequenceKernel } from '../src/core/profile/expectedSequence'
import { estimatorByName } from '../src/core/proxy/estimators/registry'
import { evaluateProxy } from '../src/core/proxy/fit/evaluate'
import { shapeRows, type SampleTable } from '../src/core/proxy/samples'
import { corePresetNames, corePresets } from '../src/core/sim/boards/presets'
import { MonitorMachine } from '../src/core/twin/monitorMachine'
import type { SequenceKernel } from '../src/shared/vocabulary'
import { presentFirmware } from './rtl/firmware'
import { listOf, readFlags, whole } from './flags'

const { values } = readFlags(
  {
    options: {
      kernels: { type: 'string', default: 'product' },
      core: { type: 'string', default: 'mid' },
      shapes: { type: 'string', default: '60' },
      seeds: { type: 'string', default: '1,2' },
      estimators: { type: 'string', default: 'auto,physics' }
    }
  },
  { shapes: whole(), seeds: listOf(whole()) }
)
const core = corePresetNames.find((name) => name === values.core)
if (core === undefined) {
  console.error(`--core is one of ${corePresetNames.join(', ')}`)
  process.exit(2)
}
const machine = new MonitorMachine({ config: corePresets[core], form: 'rv32imc' }, presentFirmware())

/** Cycles of shapes drawn by the seed. */
function measured(kernel: SequenceKernel, seed: number): SampleTable {
  const shapes = spaceFillingShapes({
    kernel,
    count: Number(values.shapes),
    seed,
    around: [],
    maxMacs: 400_000
  })
  const times = shapes.map(({ dims }) => {
    const item = { kernel, dims, activationBits: 8, weightBits: 0, repetitions: 2, seed: 1 }
    return machine.bench(item).cycles![1]!
  })
  console.error(`${kernel}, seed ${seed}: ${new Set(shapes.map(shapeKey)).size} shapes`)
  const layers = shapes.map(({ dims }) => ({ dims, activationBits: 8, weightBits: 0 }))
  return { ...shapeRows(kernel, layers), unit: 'cycles', time: Float64Array.from(times) }
}

console.log(`virtual:${core}; % on shapes left out: mean, 95th percentile, worst of five groups`)
for (const kernel of values.kernels.split(',').filter(isSequenceKernel))
  for (const seed of values.seeds.split(',').map(Number)) {
    const samples = measured(kernel, seed)
    for (const name of values.estimators.split(',')) {
      const { splits, description } = evaluateProxy(samples, estimatorByName(name), ['shape'], { seed })
      const { mape, p95, foldMape } = splits.shape!
      console.log(
        `${kernel} seed ${seed} ${name}: ${[mape, p95, foldMape.worst].map((error) => error.toFixed(2)).join(', ')}  (${description})`
      )
    }
  }
