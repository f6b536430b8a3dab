import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { gapAfterMsOf } from '@core/energy/powerTrace'
import type { Recording } from '@shared/contract/gpu'
import { context, workloadRig, type WorkloadRig } from './main/workload/workloadRig'
import { temporaryFolder } from '../support/temporaryFolder'

/** Every number in the four tables of a run against NumPy and SciPy, from the lines of its runner and the stored readings. */
const python = '/usr/bin/python3'
const isThere = spawnSync(python, ['-c', 'import scipy'], { timeout: 300_000 }).status === 0
const runner = fileURLToPath(new URL('../fixtures/workload/loggedRunner.mjs', import.meta.url))
const recompute = fileURLToPath(new URL('../fixtures/workload/recompute.py', import.meta.url))
vi.setConfig({ testTimeout: 600_000 })

let rig: WorkloadRig
afterEach(() => rig.close())

interface Compared {
  compared: Record<string, Record<string, number>>
  differing: string[]
  left: string[]
}

/** A run on the stand-in, its files, and what SciPy makes of its lines and readings. */
async function runAndRecompute(task: 'accuracy' | 'perplexity'): Promise<Compared> {
  const folder = temporaryFolder()
  const [lines, phaseFile] = [path.join(folder, 'lines.jsonl'), path.join(folder, 'phase')]
  const watts = { 'benchmark:fp32': 120, 'benchmark:fp16': 90, 'layer:embed': 30, 'layer:h.0.mlp': 150 }
  rig = await workloadRig({
    smi: { phases: { file: phaseFile, watts, otherwiseW: 60 } },
    ...{ stub: { lines, task }, phaseFile }
  })
  const run = await rig.toEnd(
    rig.request({
      runner: { kind: 'command', command: [process.execPath, runner] },
      ...{ trials: 3, phaseMs: 150, idleMs: 400, coolMs: 0, ablations: ['mean', 'zero'] }
    })
  )
  expect(run).toMatchObject({ state: 'done', message: null })
  await rig.service.handlers['workload.export']({ id: run.id, folder, figures: false }, context)
  const recordingId = run.recordingIds[0] ?? ''
  const recording = (await rig.gpu.handlers['gpu.recording']({ id: recordingId }, context))
    .recording as Recording
  const samples = await rig.store.all<{ t: number; w: number }>(
    'SELECT t_ms AS t, power_instant_w AS w FROM gpu_sample WHERE recording_id = $1 ORDER BY t_ms',
    [recordingId]
  )
  const phases = await rig.store.all(
    `SELECT name, from_ms AS "fromMs", to_ms AS "toMs", repetitions FROM gpu_phase WHERE recording_id = $1 ORDER BY from_ms`,
    [recordingId]
  )
  const { stdout, stderr } = spawnSync(python, [recompute], {
    input: JSON.stringify({
      ...{ lines, phases, folder: path.join(folder, 'logged'), confidence: run.request.confidence },
      samples: samples.map(({ t, w }) => [t, w]),
      gapAfterMs: gapAfterMsOf(recording.intervalMs),
      // The A100's sensor by docs/gpu.md.
      windowMs: 25
    }),
    ...{ encoding: 'utf8', maxBuffer: 2 ** 26 }
  })
  expect(stderr).toBe('')
  return JSON.parse(stdout) as Compared
}

const words = [
  'model',
  'precision',
  'layer',
  'type',
  'class',
  'change',
  'metric',
  'same_as',
  'shares_weights_with'
]
const isWord = (column: string): boolean => words.includes(column) || /_(origin|verdict|reason)$/.test(column)

describe.skipIf(!isThere)('columns of workload tables beside SciPy (skipped: no python3-scipy)', () => {
  it.each(['accuracy', 'perplexity'] as const)('are the same numbers, one by one: %s', async (task) => {
    const { compared, differing, left } = await runAndRecompute(task)
    expect(differing).toEqual([])
    // Everything that is no word was computed again, but what each step started at: that depends on when it was sent.
    const numbers = left.filter((column) => !isWord(column.split(' ')[1] ?? ''))
    expect(numbers).toEqual([
      'benchmark_results.csv start_temperature_max_c',
      'benchmark_results.csv start_temperature_min_c',
      'per_layer_energy.csv start_temperature_max_c',
      'per_layer_energy.csv start_temperature_min_c'
    ])
    expect(Object.entries(compared).map(([table, columns]) => [table, Object.keys(columns).length])).toEqual([
      ['benchmark_results.csv', 39],
      ['per_layer_energy.csv', 25],
      ['prediction_impact.csv', 25],
      ['energy_impact_merged.csv', 33]
    ])
  })
})
