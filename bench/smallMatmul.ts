/**
 * What fewer bits cost in small matrix products: cycles beside those of 8-bit weights and activations, on the virtual cores.
 *
 *   npm run bench:small-matmul -- [--json]
 */
import { createLocalClient } from '../src/main/cli/framework/localClient'
import { withBitbench, type Bitbench } from './withBitbench'
import { readFlags } from './flags'

const { values } = readFlags({ options: { json: { type: 'boolean', default: false } } })
const shapes = [
  ...[
    [1, 4, 8],
    [1, 8, 16],
    [1, 10, 84],
    [1, 64, 64],
    [1, 120, 400]
  ],
  ...[
    [4, 4, 8],
    [4, 16, 32],
    [8, 8, 8],
    [16, 16, 16],
    [16, 32, 64],
    [16, 64, 256]
  ]
].map((dims) => ({ kernel: 'matmul' as const, dims }))
const pairs = [
  [8, 8],
  [4, 8],
  [8, 4],
  [4, 4],
  [2, 8],
  [8, 2]
].map(([weightBits, activationBits]) => ({
  weightBits: weightBits!,
  activationBits: activationBits!
}))

interface Row {
  boardId: string
  shape: string
  /** Of w8a8. */
  cycles: number
  /** By pair, times of w8a8. */
  ratios: Record<string, number>
}

const rows = await withBitbench(async (bitbench) => {
  const both = []
  for (const boardId of ['virtual:high', 'virtual:small']) both.push(await measure(bitbench, boardId))
  return both.flat()
})
if (values.json) console.log(JSON.stringify(rows, null, 2))
else {
  for (const { boardId, shape, cycles, ratios } of rows) {
    const beside = Object.entries(ratios).map(([pair, ratio]) => `${pair} ${ratio.toFixed(2)}`)
    console.log(
      `${boardId.padEnd(14)} ${shape.padEnd(10)} ${String(cycles).padStart(8)} cycles  ${beside.join('  ')}`
    )
  }
}

async function measure(bitbench: Bitbench, boardId: string): Promise<Row[]> {
  const client = createLocalClient(bitbench, new AbortController().signal)
  const request = { boardId, shapes, spaceFilling: 0, kernels: ['matmul' as const], pairs }
  const { jobId, campaignId } = await client.call('profile.run', request)
  await client.finish(jobId)
  const { samples } = await client.call('profile.samples', { campaignId, limit: 5000 })
  return shapes.map(({ dims }) => {
    const of = (weightBits: number, activationBits: number): number =>
      samples.find(
        (sample) =>
          sample.dims.join() === dims.join() &&
          sample.weightBits === weightBits &&
          sample.activationBits === activationBits
      )!.time
    const ratios = Object.fromEntries(
      pairs.slice(1).map(({ weightBits: w, activationBits: a }) => [`w${w}a${a}`, of(w, a) / of(8, 8)])
    )
    return { boardId, shape: dims.join('x'), cycles: of(8, 8), ratios }
  })
}
