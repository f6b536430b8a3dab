import { bitFusionLayerCycles } from '../../src/core/search/costs/costModels'
import { rowSpec } from '../../src/core/kernel/spec'
import { createRandom } from '../../src/core/math/random'
import type { Workload } from '../../src/core/model/workload'
import { shapeRows, type LayerShape, type SampleTable } from '../../src/core/proxy/samples'
import { bitWidths } from '../../src/core/quant/scheme'
import type { ProxyKernelName } from '../../src/shared/vocabulary'

const shapes = 40

/** Seeded profile of BitFusion's analytic model: random layers of a kernel at all pairs, as a board would be profiled. */
export function bitFusionSamples(kernel: 'conv2d' | 'matmul', seed: number): SampleTable {
  const random = createRandom(seed)
  const layers: LayerShape[] = []
  const time: number[] = []
  for (let shape = 0; shape < shapes; shape++) {
    const dims = kernel === 'conv2d' ? convolution(random) : product(random)
    for (const weightBits of bitWidths) {
      for (const activationBits of bitWidths) {
        layers.push({ dims, activationBits, weightBits })
        time.push(bitFusionLayerCycles(workloadOf(kernel, dims), weightBits, activationBits))
      }
    }
  }
  return { ...shapeRows(kernel, layers), unit: 'cycles', time: Float64Array.from(time) }
}

type Random = ReturnType<typeof createRandom>
const between = (random: Random, low: number, high: number): number =>
  Math.round(low * (high / low) ** random.next())

/** H, W, C, K, KS, S of a profile file. */
function convolution(random: Random): number[] {
  const window = [1, 3, 5][random.integer(3)]!
  const side = between(random, 8, 36)
  return [side, side, between(random, 1, 64), between(random, 4, 128), window, 1]
}

/** N, M, K. */
const product = (random: Random): number[] => [1, between(random, 8, 512), between(random, 16, 1024)]

/** The layer as the model counts it; sizes stand as in profile files. */
function workloadOf(kernel: ProxyKernelName, dims: readonly number[]): Workload {
  const common = {
    layer: '',
    shape: { kernel, dims: rowSpec(kernel).toDims(dims) },
    scale: 1,
    macs: 0,
    parameters: 0
  }
  if (kernel === 'matmul') {
    const [n, m, k] = dims as [number, number, number]
    return { ...common, kernel: 'matmul', matmul: { n, m, k }, conv: null }
  }
  const [h, w, c, k, ks, stride] = dims as [number, number, number, number, number, number]
  const out = (side: number): number => Math.floor((side - ks) / stride) + 1
  const window = { ksH: ks, ksW: ks, strideH: stride, strideW: stride }
  return {
    ...common,
    kernel: 'conv2d',
    matmul: null,
    conv: { h, w, c, k, ...window, outH: out(h), outW: out(w) }
  }
}
