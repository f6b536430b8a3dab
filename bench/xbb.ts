/**
 * What the unit for packed dot products saves: cycles per multiply-accumulate of every pair, beside those of w8a8 on the same core
 * without the unit, as the monitor's own bench counts them.
 *
 *   npm run bench:xbb -- [--without virtual:rtl] [--with virtual:rtl-xbb] [--json]
 *
 * Exit 1 where a bar is missed: w8a8 5, w4a4 10, w2a2 18, w1a1 30 times as fast, and no pair dearer than its wider side.
 */
import { createLocalClient } from '../src/main/cli/framework/localClient'
import { withBitbench, type Bitbench } from './withBitbench'
import { readFlags } from './flags'

const { values } = readFlags({
  options: {
    json: { type: 'boolean', default: false },
    without: { type: 'string', default: 'virtual:rtl' },
    with: { type: 'string', default: 'virtual:rtl-xbb' }
  }
})

const shapes = [
  { kernel: 'matmul' as const, dims: [16, 64, 256], macs: 16 * 64 * 256 },
  { kernel: 'conv2d' as const, dims: [16, 16, 16, 32, 3, 1, 1], macs: 16 * 16 * 16 * 32 * 9 },
  // First layers, of few channels: LeNet-5's and one of a colour image.
  { kernel: 'conv2d' as const, dims: [28, 28, 1, 6, 5, 1, 2], macs: 28 * 28 * 6 * 25 },
  { kernel: 'conv2d' as const, dims: [32, 32, 3, 16, 3, 1, 1], macs: 32 * 32 * 16 * 27 }
]
/** Shapes from here on have no bars. */
const barredShapes = 2
const widths = [8, 4, 2, 1] as const
const all = widths.flatMap((weightBits) => widths.map((activationBits) => ({ weightBits, activationBits })))
const bars = new Map([
  ['w8a8', 5],
  ['w4a4', 10],
  ['w2a2', 18],
  ['w1a1', 30]
])

interface Row {
  shape: string
  pair: string
  cycles: number
  cyclesPerMac: number
  /** How many times as fast as w8a8 without the unit. */
  speedup: number
  /** What the bars ask for; null where they ask for nothing. */
  bar: number | null
  /** Cycles beside the pair of the wider side on both sides. */
  ofWider: number
  ok: boolean
}

const rows = await withBitbench(async (bitbench) => {
  const without = await measure(bitbench, values.without, [{ weightBits: 8, activationBits: 8 }])
  const unit = await measure(bitbench, values.with, all)
  return shapes.flatMap((shape) => all.map((pair) => rowOf(shape, pair, without, unit)))
})
if (values.json) console.log(JSON.stringify(rows, null, 2))
else {
  for (const { shape, pair, cyclesPerMac, speedup, bar, ofWider, ok } of rows) {
    const figures = `${cyclesPerMac.toFixed(3)} cycles/MAC ${speedup.toFixed(1).padStart(6)} times`
    console.log(
      `${shape.padEnd(22)} ${pair} ${figures}${bar === null ? '          ' : ` (bar ${String(bar).padStart(2)})`} of wider ${ofWider.toFixed(2)} ${ok ? '' : 'MISS'}`
    )
  }
}
if (rows.some(({ ok }) => !ok)) process.exitCode = 1

type Shape = (typeof shapes)[number]
type Pair = (typeof all)[number]
type Cycles = (shape: Shape, pair: Pair) => number

function rowOf(shape: Shape, pair: Pair, without: Cycles, unit: Cycles): Row {
  const name = `w${pair.weightBits}a${pair.activationBits}`
  const cycles = unit(shape, pair)
  const wide = pair.weightBits > pair.activationBits ? pair.weightBits : pair.activationBits
  const speedup = without(shape, { weightBits: 8, activationBits: 8 }) / cycles
  const ofWider = cycles / unit(shape, { weightBits: wide, activationBits: wide })
  const bar = shapes.indexOf(shape) < barredShapes ? (bars.get(name) ?? null) : null
  const ok = (bar === null || speedup >= bar) && ofWider <= 1
  return {
    shape: `${shape.kernel} ${shape.dims.join('x')}`,
    pair: name,
    cycles,
    cyclesPerMac: cycles / shape.macs,
    speedup,
    bar,
    ofWider,
    ok
  }
}

async function measure(bitbench: Bitbench, boardId: string, pairs: Pair[]): Promise<Cycles> {
  const client = createLocalClient(bitbench, new AbortController().signal)
  const request = {
    boardId,
    shapes: shapes.map(({ kernel, dims }) => ({ kernel, dims })),
    spaceFilling: 0,
    kernels: ['matmul' as const, 'conv2d' as const],
    pairs
  }
  const { jobId, campaignId } = await client.call('profile.run', request)
  await client.finish(jobId)
  const { samples } = await client.call('profile.samples', { campaignId, limit: 5000 })
  return ({ kernel, dims }, { weightBits, activationBits }) => {
    const found = samples.find(
      (sample) =>
        sample.kernel === kernel &&
        sample.dims.join() === dims.join() &&
        sample.weightBits === weightBits &&
        sample.activationBits === activationBits
    )
    if (found === undefined)
      throw new Error(`${boardId} has no sample of ${kernel} w${weightBits}a${activationBits}.`)
    return found.time
  }
}
