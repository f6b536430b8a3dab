import { describe, expect, it } from 'vitest'
import { workloadRequestSchema, type WorkloadStep } from '@shared/contract/workload'
import type { RunnerEvent, RunnerEventOf } from '@shared/contract/workload/workloadProtocol'
import { compareTask, keepTimed, oneTrial, predictionsOf, StepFailure } from '@main/workload/measure/trial'
import { newRecord } from '@main/workload/workloadRecord'
import type { RunnerProcess } from '@main/workload/process/runnerProcess'

const step: WorkloadStep = {
  ...{ id: 'layer:a', kind: 'layer', trials: 2, trialsDone: 0, state: 'waiting', seconds: 3, reason: null }
}
const phase = (state: 'begin' | 'end', ns: number, more: object = {}): RunnerEvent => ({
  ...{ event: 'phase', name: 'layer:a', state, ns, ...more }
})
const record = () =>
  newRecord('run', workloadRequestSchema.parse({ runner: { kind: 'command', command: ['any'] } }), null, 0)

/** A runner that prints these events; keeps what it was sent and how long it had. */
function printing(events: readonly RunnerEvent[]) {
  const sent: unknown[] = []
  let within = 0
  const runner = {
    send: (request: unknown) => void sent.push(request),
    until: <T>(wanted: (event: RunnerEvent) => T | undefined, withinMs: number) => {
      within = withinMs
      for (const event of events) {
        const found = wanted(event)
        if (found !== undefined) return Promise.resolve(found)
      }
      return Promise.reject(new Error('nothing more'))
    }
  }
  return { runner: runner as unknown as RunnerProcess, sent, withinMs: () => within }
}

describe('one trial', () => {
  it('sends a step with its time and the cache to exceed, and has a minute and twenty times its guess', async () => {
    const { runner, sent, withinMs } = printing([
      { event: 'done', id: 'other' },
      { event: 'done', id: 'layer:a' }
    ])
    let requested = 0
    const trial = { phaseMs: 20, cacheBytes: 4096, onSend: () => void requested++ }
    expect(await oneTrial(runner, step, trial)).toHaveLength(2)
    expect(sent).toEqual([{ do: 'run', ids: ['layer:a'], forMs: 20, cacheBytes: 4096 }])
    expect([withinMs(), requested]).toEqual([120_000, 1])
  })

  it('names no cache where none is known', async () => {
    const { runner, sent } = printing([{ event: 'done', id: 'layer:a' }])
    await oneTrial(runner, step, { phaseMs: 20, onSend: () => undefined })
    expect(sent).toEqual([{ do: 'run', ids: ['layer:a'], forMs: 20 }])
  })

  it('fails by an error of its own step alone', async () => {
    const failure = (id: string): RunnerEvent => ({
      event: 'error',
      id,
      code: 'failed',
      message: 'no memory'
    })
    const trial = { phaseMs: 20, onSend: () => undefined }
    const own = oneTrial(printing([failure('layer:a')]).runner, step, trial)
    await expect(own).rejects.toThrow(StepFailure)
    await expect(own).rejects.toThrow('no memory')
    const other = printing([failure('layer:b'), { event: 'done', id: 'layer:a' }])
    expect(await oneTrial(other.runner, step, trial)).toHaveLength(2)
  })
})

describe('what a trial leaves behind', () => {
  it('is a time per phase of its own, with the start and the copies', () => {
    const run = record()
    const copies = { copies: 8, copiedBytes: 192, cacheBytes: 100 }
    const events: RunnerEvent[] = [
      phase('end', 5e9, { repetitions: 9 }),
      phase('begin', 1e9),
      { event: 'phase', name: 'layer:b', state: 'end', ns: 9e9, repetitions: 3 },
      phase('end', 1.5e9, { repetitions: 40, ...copies }),
      { event: 'weights', precision: 'fp16', bytes: 12 },
      { event: 'latency', name: 'layer:a', us: [1, 2] }
    ]
    keepTimed(run, step, events, { startC: 41, cooledMs: 300 })
    keepTimed(run, step, [phase('begin', 0), phase('end', 2e6)], { startC: 41, cooledMs: 300 })
    keepTimed(run, step, [phase('begin', 0), phase('end', 3e6, { repetitions: 1, copies: 2 })], {
      ...{ startC: null, cooledMs: 0 }
    })
    expect(run.evidence.timings).toEqual([
      {
        ...{ name: 'layer:a', durationMs: 500, repetitions: 40, startC: 41, cooledMs: 300 },
        copies: { count: 8, bytes: 192, cacheBytes: 100 }
      },
      { name: 'layer:a', durationMs: 3, repetitions: 1, startC: null, cooledMs: 0, copies: null }
    ])
    expect(run.evidence.weightBytes).toEqual({ fp16: 12 })
    expect(run.evidence.latencies).toEqual({ 'layer:a': [[1, 2]] })
  })
})

describe('predictions', () => {
  const rows = (more: object = {}): RunnerEventOf<'predictions'> => ({
    ...{ event: 'predictions', name: 'mean:a', rows: 2, columns: 3, values: [1, 2, 3, 4, 5, 6], ...more }
  })
  const run = { ...record(), subject: { task: 'perplexity' } as never }

  it('are found, or their step fails', () => {
    expect(predictionsOf([{ event: 'done' }, rows()], 'x').columns).toBe(3)
    expect(() => predictionsOf([{ event: 'done' }], 'predictions:x')).toThrow(
      /predictions:x gave no predictions/
    )
  })

  it('are compared with the labels of the original, a row being a sample where nothing else is said', () => {
    expect(compareTask(run, rows({ name: 'baseline', labels: [2, -1] }), rows({ file: 'b.f32' }))).toEqual({
      ...{ name: 'mean:a', rows: 2, columns: 3, labels: [2, -1], samples: [0, 1] },
      ...{ before: [1, 2, 3, 4, 5, 6], after: 'b.f32', metric: 'perplexity', confidence: 0.95, seed: 1 }
    })
    const task = compareTask(run, rows({ samples: [4, 4], file: 'a.f32' }), rows())
    expect([task.samples, task.labels, task.before]).toEqual([[4, 4], [], 'a.f32'])
  })

  it.each([{ rows: 3 }, { columns: 2 }])('are not compared with %j', (more) => {
    expect(() => compareTask(run, rows(), rows(more))).toThrow(StepFailure)
  })
})
