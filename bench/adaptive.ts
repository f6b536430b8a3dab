/**
 * Adaptive profiling beside rows by chance for the same board time, on virtual boards: error on shapes kept aside at
 * shares of the budget, mean over seeds. Both parts are measured; what one of them measured already counts for the
 * other with the time it took.
 *
 *   npm run bench:adaptive -- [--boards virtual:small] [--kernel conv2d] [--seeds 3] [--budget 15] [--json]
 */
import { cpus } from 'node:os'
import { createLocalClient, shippedModelId } from '../src/main/cli/framework/localClient'
import type { AdaptiveRun, AdaptiveStep } from '../src/shared/contract/profile/profileAdaptive'
import { withBitbench } from './withBitbench'
import { positive, readFlags, whole } from './flags'

const { values } = readFlags(
  {
    options: {
      boards: { type: 'string', default: 'virtual:small' },
      kernel: { type: 'string', default: 'conv2d' },
      seeds: { type: 'string', default: '3' },
      budget: { type: 'string', default: '15' },
      json: { type: 'boolean', default: false }
    }
  },
  { budget: positive(), seeds: whole() }
)
const budgetSeconds = Number(values.budget)
const shares = [0.2, 0.4, 0.6, 0.8, 1]

await withBitbench(async (bitbench) => {
  const client = createLocalClient(bitbench, new AbortController().signal)
  const modelId = await shippedModelId(client)
  const results = []
  for (const boardId of values.boards.split(',')) {
    await client.call('board.connect', { id: boardId })
    const runs: AdaptiveRun[] = []
    for (let seed = 1; seed <= Number(values.seeds); seed++) {
      console.error(`${boardId}: seed ${seed} of ${values.seeds}`)
      const { jobId, runId } = await client.call('profile.adaptive', {
        boardId,
        modelId,
        kernel: values.kernel as 'conv2d',
        seed,
        budgetSeconds,
        targetMape: 0,
        judgeShapes: 12
      })
      await client.finish(jobId)
      runs.push((await client.call('profile.adaptiveRuns', {})).runs.find(({ id }) => id === runId)!)
    }
    results.push({ boardId, runs })
  }
  const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} threads`
  if (values.json) console.log(JSON.stringify({ machine, results }, null, 2))
  else {
    console.log(
      `${machine}; ${values.kernel}, ${values.seeds} seeds, 12 shapes kept aside; error on them in %, rows in brackets`
    )
    console.log(
      `${'board time'.padEnd(26)}${shares.map((share) => `${(share * budgetSeconds).toFixed(0)} s`.padStart(14)).join('')}`
    )
    for (const { boardId, runs } of results) {
      for (const part of ['adaptive', 'uniform'] as const) {
        const cells = shares.map((share) => cell(runs.map((run) => at(run[part], share * budgetSeconds))))
        const name = `${boardId} ${part === 'adaptive' ? 'adaptive' : 'by chance'}`
        console.log(`${name.padEnd(26)}${cells.map((text) => text.padStart(14)).join('')}`)
      }
    }
  }
})

/** The last step that ended by then. */
function at(steps: readonly AdaptiveStep[], seconds: number): AdaptiveStep | null {
  return steps.filter((step) => step.boardSeconds <= seconds).at(-1) ?? null
}

function cell(steps: readonly (AdaptiveStep | null)[]): string {
  const known = steps.filter((step): step is AdaptiveStep => step?.judgeMape != null)
  if (known.length < steps.length) return '–'
  const mean = (value: (step: AdaptiveStep) => number): number =>
    known.reduce((sum, step) => sum + value(step), 0) / known.length
  return `${mean((step) => step.judgeMape!).toFixed(2)} (${mean((step) => step.rows).toFixed(0)})`
}
