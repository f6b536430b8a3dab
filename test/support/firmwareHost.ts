import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { MonitorClient } from '../../src/core/board/monitorClient'
import { encodeImage } from '../../src/core/deploy/image'
import { planDeployment } from '../../src/core/deploy/plan'
import { recurrentCells, weightedLayerNames } from '../../src/core/model/graph'
import { measureActivationRanges } from '../../src/core/quant/quantize/calibration'
import { quantizeNetwork } from '../../src/core/quant/quantize/quantizeNetwork'
import type { QuantizedNetwork } from '../../src/core/quant/quantizedNetwork'
import { bitWidths, uniformScheme, type Bits } from '../../src/core/quant/scheme'
import { createRandom } from '../../src/core/math/random'
import { SimulatedBoard } from '../unit/core/board/simulatedBoard'
import { operatorCases, operatorChain, type GraphBuilder } from '../unit/core/quant/operatorGraphs'
import { everyOperator } from '../unit/core/deploy/randomNetwork'

/** The monitor's parsers on this computer, under sanitizers: how they are built and what they are fed. */
const root = process.cwd()
const firmware = (name: string): string => path.join(root, 'resources', 'firmware', name)

export const fuzzTargets = ['frame', 'image'] as const
export type FuzzTarget = (typeof fuzzTargets)[number]

/** Builds a fuzz target with `compiler`: with libFuzzer's main, or with the driver that replays hex lines. */
export async function buildFuzzTarget(
  target: FuzzTarget,
  output: string,
  { compiler, fuzzer }: { compiler: string; fuzzer: boolean }
): Promise<{ status: number | null; stderr: string }> {
  const { kernelSources } = (await import(
    pathToFileURL(path.join(root, 'scripts', 'kernelVariants.mjs')).href
  )) as {
    kernelSources(variant: string): string[]
  }
  const sources = [`fuzz/${target}Fuzz.c`, 'frame.c', 'crc.c', ...(fuzzer ? [] : ['fuzz/replay.c'])].map(
    firmware
  )
  if (target === 'image') {
    sources.push(
      firmware('runtime/image.c'),
      firmware('runtime/parameters.c'),
      firmware('runtime/runtime.c'),
      ...kernelSources('rv32im')
    )
  }
  const sanitizers = `-fsanitize=${fuzzer ? 'fuzzer,' : ''}address,undefined`
  const flags = [
    '-std=c11',
    '-g',
    '-O2',
    '-Wall',
    '-Wextra',
    '-Werror',
    sanitizers,
    '-fno-sanitize-recover=all'
  ]
  const include = `-I${path.join(root, 'resources', 'kernels')}`
  const { status, stderr } = spawnSync(compiler, [...flags, include, ...sources, '-o', output], {
    encoding: 'utf8'
  })
  return { status, stderr }
}

export const hasCompiler = (compiler: string): boolean => spawnSync(compiler, ['--version']).status === 0

/** Valid Images of small networks with every operator, packed for the shipped monitor. */
export function validImages(count: number): Uint8Array[] {
  const board = new SimulatedBoard('small')
  const info = board.converse(new MonitorClient().hello(1))
  return Array.from({ length: count }, (_, index) => {
    const network = networkAt(index)
    return encodeImage(network, planDeployment(network, info))
  })
}

/** In turn every operator with weights, those without, and a recurrence, each time of another kind and width of its weights. */
function networkAt(index: number): QuantizedNetwork {
  if (index % 3 === 0) return everyOperator(index + 1).network
  if (index % 3 === 1) return quantized(operatorChain(index))
  const turn = Math.floor(index / 3)
  const cell = recurrentCells[turn % recurrentCells.length]!
  return quantized(
    operatorCases[`${cell} recurrence`]!(index),
    bitWidths[(turn + (turn >> 2)) % bitWidths.length]
  )
}

function quantized(builder: GraphBuilder, weightBits: Bits = 8): QuantizedNetwork {
  const graph = builder.done()
  const calibration = measureActivationRanges(graph, builder.pixels(4))
  return quantizeNetwork(calibration, uniformScheme(weightedLayerNames(graph), weightBits, 8))
}

/** An Image with a few fields of header, layer table or parameters replaced by values that tend to hurt. */
export function hostileImage(image: Uint8Array, seed: number): Uint8Array {
  const random = createRandom(seed)
  const bytes = image.slice()
  const view = new DataView(bytes.buffer)
  const tableBytes = 96 + 96 * view.getUint16(16, true)
  const painful = [0, 1, 2, 15, 16, 255, 256, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff]
  for (let n = 1 + random.integer(3); n > 0; n--) {
    const reach = random.integer(3) === 0 ? bytes.length : tableBytes
    const at = 16 + random.integer(reach - 20)
    const value = painful[random.integer(painful.length)]!
    const nudged = view.getUint32(at & ~3, true) + random.integer(33) - 16
    if (random.integer(3) === 0) view.setUint32(at & ~3, nudged >>> 0, true)
    else if (random.integer(2) === 0) view.setUint32(at & ~3, value, true)
    else if (random.integer(2) === 0) view.setUint16(at & ~1, value & 0xffff, true)
    else bytes[at] = random.integer(256)
  }
  return bytes
}
