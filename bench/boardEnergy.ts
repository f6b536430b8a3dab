/**
 * Energy proxies end to end on a virtual board beside the simulated meter, everything new: kernels of LeNet-5 measured in cycles and
 * nJ, a proxy of each, a search within a latency and an energy budget, and the energy of its scheme and of int8 measured.
 *
 *   npm run bench:board-energy -- [--board virtual:small] [--budget 0.75] [--trial 60] [--shapes 12] [--seed 1] [--json]
 *
 * "constant x cycles" is the error of energy taken as the same nJ per cycle for every row: what a proxy of latency alone could do.
 * Exit 1 where predicted and measured energy differ by more than 10 %.
 */
import { cpus } from 'node:os'
import { uniformScheme, type Scheme } from '../src/core/quant/scheme'
import type { EnergyReport } from '../src/shared/contract/energy'
import type { Sample } from '../src/shared/contract/profile'
import { formatAmount, formatPercent } from '../src/shared/units'
import { inferencePhase } from '../src/main/deploy/boardEnergy'
import { createLocalClient, shippedModelId, type LocalClient } from '../src/main/cli/framework/localClient'
import { withBitbench } from './withBitbench'
import { positive, readFlags, whole } from './flags'

const { values } = readFlags(
  {
    options: {
      board: { type: 'string', default: 'virtual:small' },
      budget: { type: 'string', default: '0.75' },
      trial: { type: 'string', default: '60' },
      shapes: { type: 'string', default: '12' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false }
    }
  },
  { seed: whole(0), budget: positive(), trial: positive(), shapes: whole() }
)
const boardId = values.board
const seed = Number(values.seed)
const ratio = Number(values.budget)
const meter = { port: 'virtual:ppk2', kind: 'ppk2', supplyV: 3.3 } as const
const maxOff = 0.1
const say = (text: string): void => console.error(text)

const result = await withBitbench(async (bitbench) => {
  const client = createLocalClient(bitbench, new AbortController().signal)
  const modelId = await shippedModelId(client)
  await client.call('board.connect', { id: boardId })
  const samples = await measureKernels(client, modelId)
  const proxies = await fitAll(client, samples)
  say(`search within ${formatPercent(ratio)} of int8's latency and energy`)
  const { searchId, jobId } = await client.call('search.start', {
    ...{ modelId, seed, cost: 'proxy', budgetRatio: ratio },
    alsoWithin: [{ cost: 'boardEnergy', ratio }]
  })
  await client.finish(jobId)
  const { search } = await client.call('search.get', { searchId })
  const { best } = search
  if (best === null) throw new Error('no scheme is within the budgets')
  const { model } = await client.call('model.info', { modelId })
  const layers = model.weightedLayers
  const int8 = uniformScheme(layers, 8, 8)
  const measured = []
  for (const [name, scheme] of [
    ['int8', int8],
    ['best', best.scheme]
  ] as const) {
    say(`energy of ${name}`)
    measured.push({
      name,
      ...(await measureNetwork(client, modelId, scheme, (id) => bitbench.energy.report(id)))
    })
  }
  return {
    machine: `${cpus()[0]?.model.trim()}, ${cpus().length} threads`,
    ...{ board: boardId, seed, ratio, samples: samples.length / 2, proxies },
    scheme: best.scheme,
    costs: best.costs.map((cost, at) => ({
      cost,
      ratio: cost / (at === 0 ? search.baselineCost : search.otherLimits[at - 1].baselineCost)
    })),
    accuracy: search.test,
    measured
  }
})
if (values.json) console.log(JSON.stringify(result, null, 2))
else print(result)
if (result.measured.some(({ off }) => Math.abs(off) > maxOff)) process.exitCode = 1

async function measureKernels(client: LocalClient, modelId: string): Promise<Sample[]> {
  say(`${boardId}: measuring kernels in cycles and nJ`)
  const energy = { meter, trials: 3, trialMs: Number(values.trial), idleMs: 500 }
  const { jobId, campaignId } = await client.call('profile.run', {
    ...{ boardId, modelId, seed, energy, spaceFilling: Number(values.shapes) }
  })
  await client.finish(jobId)
  return (await client.call('profile.samples', { campaignId, limit: 100_000 })).samples
}

async function fitAll(client: LocalClient, samples: readonly Sample[]) {
  const proxies = []
  for (const kernel of ['conv2d', 'matmul'] as const) {
    const errors: { latency: number | null; energy: number | null } = { latency: null, energy: null }
    for (const quantity of ['latency', 'energy'] as const) {
      say(`fitting ${quantity} of ${kernel}`)
      const source = { kind: 'board', boardId, quantity } as const
      await client.finish((await client.call('proxy.fit', { source, kernel, seed })).jobId)
      const [newest] = (await client.call('proxy.list', {})).proxies
      await client.call('proxy.pin', { id: newest.id })
      errors[quantity] = newest.unseenShapeMape
    }
    proxies.push({ kernel, ...errors, ...spread(samples.filter((sample) => sample.kernel === kernel)) })
  }
  return proxies
}

/** Range of nJ per cycle, and the error of one constant (their geometric mean) for all rows, percent. */
function spread(samples: readonly Sample[]) {
  const perCycle = samples
    .filter(({ unit }) => unit === 'nJ')
    .map(({ time, cycles }) => time / (cycles ?? NaN))
  const mean = Math.exp(perCycle.reduce((sum, each) => sum + Math.log(each), 0) / perCycle.length)
  const constantMape =
    (100 * perCycle.reduce((sum, each) => sum + Math.abs(mean / each - 1), 0)) / perCycle.length
  return {
    rows: perCycle.length,
    leastNjPerCycle: Math.min(...perCycle),
    mostNjPerCycle: Math.max(...perCycle),
    constantMape
  }
}

async function measureNetwork(
  client: LocalClient,
  modelId: string,
  scheme: Scheme,
  reportOf: (recordingId: string) => Promise<EnergyReport>
) {
  const started = await client.call('deploy.energy', {
    ...{ modelId, boardId, meter, trials: 3, trialMs: 300, idleMs: 1_000, layers: false },
    scheme: scheme.map((bits) => ({ ...bits }))
  })
  await client.finish(started.jobId)
  const { summaries } = await reportOf(started.recordingId)
  const netJ = summaries.find(({ name }) => name === inferencePhase)?.netJ
  const { predictedJ } = started
  if (netJ == null || predictedJ === null) throw new Error('an inference was not measured or not predicted')
  return { predictedJ, measuredJ: netJ.mean, low: netJ.low, high: netJ.high, off: predictedJ / netJ.mean - 1 }
}

function print({ machine, board, samples, proxies, scheme, costs, measured }: typeof result): void {
  console.log(`${machine}; ${board} with virtual:ppk2, ${samples} rows, seed ${seed}`)
  console.log('kernel   rows  nJ per cycle   constant x cycles   latency unseen   energy unseen (MAPE, %)')
  for (const row of proxies) {
    const { kernel, rows, leastNjPerCycle, mostNjPerCycle, constantMape, latency, energy } = row
    console.log(
      `${kernel.padEnd(8)} ${rows}   ${leastNjPerCycle.toFixed(3)} to ${mostNjPerCycle.toFixed(3)}   ${constantMape.toFixed(1)}   ${latency?.toFixed(1) ?? 'none'}   ${energy?.toFixed(1) ?? 'none'}`
    )
  }
  console.log(`best: ${scheme.map((bits) => `w${bits.weightBits}a${bits.activationBits}`).join(' ')}`)
  console.log(
    `latency ${formatPercent(costs[0].ratio)}, energy ${formatPercent(costs[1].ratio)} of int8, as predicted`
  )
  for (const { name, predictedJ, measuredJ, low, high, off } of measured) {
    console.log(
      `${name}: predicted ${formatAmount(predictedJ, 'J')}, measured ${formatAmount(measuredJ, 'J')} [${formatAmount(low, 'J')}, ${formatAmount(high, 'J')}], ${formatPercent(off)}`
    )
  }
}
