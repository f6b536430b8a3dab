/**
 * Whole networks: predicted against measured latency of random schemes on virtual boards, everything new each time.
 *
 *   npm run bench:networks -- [--schemes 30] [--boards virtual:small,virtual:high] [--seed 1] [--json]
 *
 * Afterwards the two-point calibration that Search and Deploy use (proxy.calibrate: all layers at 1 and at 8 bits, both
 * left out of the errors), and the same schemes predicted again.
 */
import { cpus } from 'node:os'
import { createRandom, type Random } from '../src/core/math/random'
import { spearman } from '../src/core/math/correlation'
import { bitWidths, type Scheme } from '../src/core/quant/scheme'
import { createLocalClient, shippedModelId, type LocalClient } from '../src/main/cli/framework/localClient'
import { withBitbench } from './withBitbench'
import { readFlags, whole } from './flags'

const { values } = readFlags(
  {
    options: {
      schemes: { type: 'string', default: '30' },
      boards: { type: 'string', default: 'virtual:small,virtual:high' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false }
    }
  },
  { schemes: whole(), seed: whole(0) }
)
const count = Number(values.schemes)
const seed = Number(values.seed)

await withBitbench(async (bitbench) => {
  const client = createLocalClient(bitbench, new AbortController().signal)
  const modelId = await shippedModelId(client)
  const results = []
  for (const boardId of values.boards.split(',')) results.push(await judge(client, boardId, modelId))
  const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} threads`
  if (values.json) console.log(JSON.stringify({ machine, seed, results }, null, 2))
  else {
    console.log(`${machine}; ${count} random schemes of lenet5-fashion, seed ${seed}; errors in %`)
    console.log('board           MAPE  worst  calibrated MAPE  worst  Spearman')
    for (const { boardId, plain, calibrated, rank } of results) {
      const cells = [plain.mape, plain.worst, calibrated.mape, calibrated.worst].map((cell) =>
        cell.toFixed(2).padStart(6)
      )
      console.log(
        `${boardId.padEnd(14)} ${cells[0]} ${cells[1]}           ${cells[2]} ${cells[3]}    ${rank === null ? '–' : rank.toFixed(3)}`
      )
    }
  }
})

async function judge(client: LocalClient, boardId: string, modelId: string) {
  console.error(`${boardId}: profiling and fitting`)
  await client.call('board.connect', { id: boardId })
  await client.finish((await client.call('profile.run', { boardId, modelId, seed })).jobId)
  for (const kernel of ['conv2d', 'matmul'] as const) {
    const fit = await client.call('proxy.fit', { source: { kind: 'board', boardId }, kernel, seed })
    await client.finish(fit.jobId)
  }
  const { model } = await client.call('model.info', { modelId })
  const random = createRandom(seed)
  const run = async (scheme: Scheme): Promise<{ predicted: number; measured: number }> => {
    const request = { modelId, boardId, images: 1, scheme: scheme.map((bits) => ({ ...bits })) }
    const { jobId, deploymentId } = await client.call('deploy.run', request)
    await client.finish(jobId)
    const { deployment } = await client.call('deploy.get', { deploymentId })
    if (deployment.bitExact !== true || deployment.predicted === null)
      throw new Error(`${boardId}: no verdict`)
    return { predicted: deployment.predicted, measured: deployment.measured! }
  }
  const schemes = Array.from({ length: count }, () => randomScheme(model.weightedLayers, random))
  const points = []
  for (let index = 0; index < count; index++) {
    console.error(`${boardId}: scheme ${index + 1} of ${count}`)
    points.push(await run(schemes[index]!))
  }
  console.error(`${boardId}: calibrating`)
  await client.finish((await client.call('proxy.calibrate', { boardId, modelId, images: 1 })).jobId)
  const calibrated: number[] = []
  for (const scheme of schemes) {
    const request = { modelId, boardId, scheme: scheme.map((bits) => ({ ...bits })) }
    const { plan } = await client.call('deploy.plan', request)
    if (!plan.calibrated || plan.predicted === null) throw new Error(`${boardId}: not calibrated`)
    calibrated.push(plan.predicted)
  }
  await client.call('board.disconnect', { id: boardId })
  return {
    boardId,
    plain: errors(points.map(({ predicted, measured }) => predicted / measured - 1)),
    calibrated: errors(points.map(({ measured }, at) => calibrated[at]! / measured - 1)),
    rank: spearman(
      Float64Array.from(points, (point) => point.predicted),
      Float64Array.from(points, (point) => point.measured)
    ),
    points
  }
}

function randomScheme(layers: readonly string[], random: Random): Scheme {
  return layers.map((layer, index) => ({
    layer,
    weightBits: bitWidths[random.integer(bitWidths.length)]!,
    activationBits: index === 0 ? 8 : bitWidths[random.integer(bitWidths.length)]!
  }))
}

function errors(relative: number[]): { mape: number; worst: number } {
  const percent = relative.map((error) => 100 * Math.abs(error))
  return {
    mape: percent.reduce((sum, error) => sum + error, 0) / percent.length,
    worst: Math.max(...percent)
  }
}
