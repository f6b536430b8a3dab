import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createLocalClient, type LocalClient } from '../src/main/cli/framework/localClient'
import { composeBitbench } from '../src/main/compose'
import { installFolder } from '../src/main/paths'

/**
 * Makes resources/sessions: small runs of every page's kind, by the commands a user has. Boards and GPU are simulated and
 * their results are marked so; the workload's times and the estimator's training are those of the machine that made the files.
 * Run it with `npm run examples`, or with names of examples to make only those.
 */
const root = installFolder
const folder = path.join(root, 'resources/sessions')
/** All together, bytes. */
const maxBytes = 3_000_000

/** Does the runs of one example and returns the ids of those that are carried. */
type Recipe = (client: LocalClient, scratch: string) => Promise<string[]>

const follow = async (client: LocalClient, started: Promise<{ jobId: string }>): Promise<void> =>
  await client.finish((await started).jobId)

const searchExample: Recipe = async (client) => {
  const { loopId, jobId } = await client.call('loop.run', {
    ...{ spaceFilling: 6, estimator: 'physics', evaluations: 24, images: 20, seed: 1 }
  })
  await client.finish(jobId)
  const { loop } = await client.call('loop.get', { loopId })
  await client.call('run.rename', { id: loop.searchId!, name: 'LeNet-5 within 75 % of the cycles' })
  const { jobId: size } = await client.call('search.start', {
    ...{ modelId: loop.modelId!, cost: 'size', budgetRatio: 0.5, evaluations: 24, strategy: 'mico', seed: 1 }
  })
  await client.finish(size)
  const { searches } = await client.call('search.list', {})
  return [loopId, ...searches.map(({ id }) => id)]
}

/** The same shapes on two cores that differ in multiplier and caches: what transfer starts from. */
const transferExample: Recipe = async (client) => {
  const ids: string[] = []
  for (const boardId of ['virtual:small', 'virtual:high']) {
    await client.call('board.connect', { id: boardId })
    const { campaignId, jobId } = await client.call('profile.run', {
      ...{ boardId, spaceFilling: 24, kernels: ['matmul'], repetitions: 1, seed: 7 },
      pairs: [8, 4, 2, 1].map((weightBits) => ({ activationBits: 8, weightBits }))
    })
    await client.finish(jobId)
    ids.push(campaignId)
    const source = { kind: 'board' as const, boardId }
    await follow(
      client,
      client.call('proxy.fit', { source, kernel: 'matmul', estimator: 'physics', seed: 1 })
    )
  }
  const { proxies } = await client.call('proxy.list', {})
  return [...ids, ...proxies.map(({ id }) => id)]
}

/** Holds the power of the simulated GPU, W: the stand-in of a benchmark writes it, that of nvidia-smi reads it. */
const loadFile = '/tmp/bitbench-example-load'

const recordingExample: Recipe = async (client) => {
  process.env['FAKE_SMI'] = JSON.stringify({ load: loadFile })
  const { jobId, recordingId } = await client.call('gpu.record', {
    title: 'Two phases on a simulated GPU',
    // The command line is carried: no path of this machine.
    command: ['node', 'test/fixtures/smi/fakeBench.mjs', loadFile, 'float32:180:3000:30', 'int8:110:3000:60'],
    ...{ cwd: root, intervalMs: 50, idleMs: 2000, idleAfterMs: 1500 }
  })
  await client.finish(jobId)
  return [recordingId]
}

/**
 * Times are those of this machine's processor; the power is a stand-in's, which draws a known amount in every phase: what a
 * run with a GPU shows can be seen, marked as simulated.
 */
const workloadExample: Recipe = async (client, scratch) => {
  const file = path.join(scratch, 'phase')
  process.env['BITBENCH_PHASE_FILE'] = file
  const watts = { idle: 0, 'benchmark:fp32': 190, 'benchmark:fp16': 150, 'benchmark:int8': 120 }
  process.env['FAKE_SMI'] = JSON.stringify({
    gpus: [{ name: 'Stand-in V100', idleW: 40 }],
    // Its published sensor averages 10 of every 20 ms, the shortest window of all: phases may be short.
    rejected: ['power.draw.instant', 'power.draw.average'],
    phases: { file, watts, otherwiseW: 140 }
  })
  const { id, jobId } = await client.call('workload.start', {
    runner: { kind: 'onnx', model: 'gloss-classifier', samples: 32 },
    ...{ trials: 4, phaseMs: 1300, idleMs: 2000, coolMs: 3000, seed: 1 }
  })
  await client.finish(jobId)
  return [id]
}

/** Times of a made-up device, so that the truth is known; marked as simulated. */
const estimatorExample: Recipe = async (client, scratch) => {
  const rows: unknown[] = []
  for (const promptTokens of [32, 64, 128, 256])
    for (const moeTopK of [2, 4, 8])
      for (const activeBlocks of [8, 12, 16, 20])
        rows.push({
          knobs: { promptTokens, moeTopK, activeBlocks },
          ...{ outputTokens: 40, origin: 'simulated' },
          stages: {
            prefill: 2 + 0.002 * promptTokens * activeBlocks + 0.05 * moeTopK * activeBlocks,
            decode: 40 * (0.5 + 0.08 * activeBlocks + 0.02 * moeTopK * activeBlocks)
          }
        })
  const file = path.join(scratch, 'made-up-device.jsonl')
  writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n'))
  await follow(
    client,
    client.call('estimator.train', { paths: [file], title: 'A made-up device, two stages' })
  )
  return (await client.call('estimator.list', {})).estimators.map(({ id }) => id)
}

const examples: Record<string, { title: string; recipe: Recipe }> = {
  estimator: { title: 'Latency by stage of a made-up device', recipe: estimatorExample },
  recording: { title: 'A recording of a simulated GPU with two phases', recipe: recordingExample },
  search: { title: 'The whole loop on a virtual board, and two searches', recipe: searchExample },
  transfer: { title: 'The same kernels on two virtual boards', recipe: transferExample },
  workload: { title: 'A text classifier at every precision, layer by layer', recipe: workloadExample }
}

async function make(name: string): Promise<void> {
  const scratch = mkdtempSync(path.join(tmpdir(), 'bitbench-example-'))
  try {
    writeFileSync(
      path.join(scratch, 'settings.json'),
      JSON.stringify({ nvidiaSmiPath: path.join(root, 'test/fixtures/smi/fakeSmi.mjs') })
    )
    const bitbench = await composeBitbench({ host: 'cli', dataFolder: scratch })
    try {
      const client = createLocalClient(bitbench, new AbortController().signal)
      const { title, recipe } = examples[name]!
      const runIds = await recipe(client, scratch)
      const file = path.join(folder, `${name}.bbsession`)
      const info = await bitbench.session.export({ file, runIds, title, example: true })
      console.log(`${name}: ${info.runs.length} runs, ${info.rows} rows, ${info.sizeBytes} bytes`)
    } finally {
      await bitbench.close()
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

mkdirSync(folder, { recursive: true })
const asked = process.argv.slice(2)
for (const name of asked.length === 0 ? Object.keys(examples) : asked) await make(name)
const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0)
if (bytes > maxBytes) throw new Error(`the examples take ${bytes} bytes together, more than ${maxBytes}`)
