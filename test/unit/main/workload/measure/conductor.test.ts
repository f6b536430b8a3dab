import { describe, expect, it } from 'vitest'
import type { Variant } from '@shared/contract/workload/workloadEvidence'
import { workloadRequestSchema } from '@shared/contract/workload'
import { conduct, type ConductorDeps } from '@main/workload/measure/conductor'
import type { PowerSession } from '@main/workload/measure/powerSource'
import { newRecord } from '@main/workload/workloadRecord'
import type { CompareTask } from '@main/workload/compareFiles'
import { exampleAnswers, exampleGreeting, fakeRunner } from './fakeRunner'

const request = (more: object = {}) =>
  workloadRequestSchema.parse({
    ...{ runner: { kind: 'command', command: ['any'] }, ablations: ['mean'], trials: 2 },
    // Far below the 10 ms by which a step may be shorter than what its runner says.
    ...{ phaseMs: 10, idleMs: 1, coolMs: 0, power: false, ...more }
  })

/** A run with its listeners; `answer` is what the runner prints for a step. */
function runOf(more: object = {}, answer = exampleAnswers, greeting = exampleGreeting()) {
  const runner = fakeRunner(greeting, answer)
  const record = newRecord('run', request(more), null, 0)
  const compared: CompareTask[] = []
  const progress: [number, number, string][] = []
  const aborter = new AbortController()
  let stored = 0
  const deps: ConductorDeps = {
    ...{ spawn: runner.spawn, command: { file: 'any', args: [], env: {} } },
    power: {
      missing: () => Promise.resolve('no GPU'),
      others: () => Promise.resolve([]),
      start: () => Promise.reject(new Error('no power here'))
    },
    energyOf: (recordingId) => Promise.resolve(energy(recordingId)),
    energySoFar: (recordingId) => Promise.resolve({ ...energy(recordingId), provisional: true }),
    compare: (task) => {
      compared.push(task)
      return Promise.resolve({ name: task.name } as Variant)
    },
    changed: () => Promise.resolve(void stored++),
    onOutput: () => undefined,
    progress: (...args) => void progress.push(args),
    signal: aborter.signal
  }
  return { record, runner, deps, compared, progress, aborter, stored: () => stored }
}
const energy = (recordingId: string) => ({
  ...{ recordingId, origin: 'simulated' as const, sensor: {} as never, idleBeforeW: null, idleAfterW: null },
  ...{ provisional: false, doubts: [], notes: [], phases: [] }
})

/** Power of a GPU that keeps its marks. */
function fakePower(about: object = {}, session: Partial<PowerSession> = {}) {
  const marks: string[] = []
  const orders: unknown[] = []
  let finished = 0
  const power: ConductorDeps['power'] = {
    missing: () => Promise.resolve(null),
    others: () => Promise.resolve([]),
    start: (order) => {
      orders.push(order)
      return Promise.resolve({
        ...{ recordingId: 'rec', sensor: {} as never, pciBusId: '00000000:01:00.0' },
        about: { origin: 'measured', gpu: 'NVIDIA H100', driverVersion: '1', powerField: null, ...about },
        temperatureC: () => 40,
        mark: ({ name, state }) => void marks.push(`${name} ${state}`),
        stored: () => Promise.resolve(),
        finish: () => {
          finished++
          return Promise.resolve(null)
        },
        ...session
      } as PowerSession)
    }
  }
  return { power, marks, orders, finished: () => finished }
}

describe('a workload run without power', () => {
  it('does predictions once, the original first, and timed steps as often as requested', async () => {
    const { record, runner, deps, compared } = runOf()
    await conduct(record, deps)
    expect(runner.ids().slice(0, 2)).toEqual(['predictions:baseline', 'predictions:mean:a'])
    expect(runner.ids().slice(2).sort()).toEqual(['benchmark:fp32', 'benchmark:fp32', 'layer:a', 'layer:a'])
    expect(runner.requests.at(-1)).toEqual({ do: 'stop' })
    expect(compared.map(({ name, before, after }) => [name, before, after])).toEqual([
      ['baseline', [-0.1, -2.4, -1.6, -0.2], [-0.1, -2.4, -1.6, -0.2]],
      ['mean:a', [-0.1, -2.4, -1.6, -0.2], [-0.7, -0.7, -0.7, -0.7]]
    ])
    expect(record.evidence.variants.map(({ name }) => name)).toEqual(['baseline', 'mean:a'])
    expect(record.steps.filter(({ state }) => state === 'done').map(({ trialsDone }) => trialsDone)).toEqual([
      2, 2, 1, 1
    ])
    expect([record.power, record.recordingIds]).toEqual([null, []])
  })

  it('keeps what the runner said of itself, its layers, and what it does not offer', async () => {
    const { record, deps } = runOf()
    await conduct(record, deps)
    expect(record.subject).toEqual({
      ...{ model: 'net', runner: 'example', runtime: 'none 1', device: 'cuda:0', deviceName: 'NVIDIA H100' },
      ...{ threads: null, task: 'accuracy', batch: 2, notes: ['fake'] }
    })
    expect(record.evidence.layers.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(record.steps.slice(-2)).toEqual([
      {
        ...{
          id: 'benchmark:bf16',
          kind: 'benchmark',
          trials: 0,
          trialsDone: 0,
          state: 'skipped',
          seconds: 0
        },
        reason: 'not here'
      },
      {
        ...{ id: 'layer:b', kind: 'layer', trials: 0, trialsDone: 0, state: 'skipped', seconds: 0 },
        reason: 'too small'
      }
    ])
  })

  it('keeps times, single passes and bytes of weights', async () => {
    const { record, deps } = runOf()
    await conduct(record, deps)
    const { timings, latencies, weightBytes } = record.evidence
    expect(timings).toHaveLength(4)
    for (const timing of timings) {
      expect(timing).toMatchObject({
        durationMs: 10,
        repetitions: 10,
        startC: null,
        cooledMs: 0,
        copies: null
      })
    }
    expect(latencies).toEqual({
      'benchmark:fp32': [
        [5, 6, 7],
        [5, 6, 7]
      ]
    })
    expect(weightBytes).toEqual({ fp32: 80 })
  })

  it('reports how far it is, with the time by the plan before the first trial', async () => {
    const { record, deps, progress, stored } = runOf()
    await conduct(record, deps)
    expect(progress.map(([done, total]) => [done, total])).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((done) => [done, 6])
    )
    // 1.3 s for either prediction, 0.322 s and 0.315 s for the timed ones: 3.874 s.
    expect(progress[0]![2]).toMatch(/^predictions:baseline; about 3\.87 s by the plan$/)
    expect(progress.at(-1)![2]).toBe('all steps done')
    // After the plan, after every trial, at the end.
    expect(stored()).toBe(8)
  })

  it('sends phases of 200 ms, and the L2 cache of the GPU that the runner names', async () => {
    const { record, runner, deps } = runOf({ phaseMs: undefined, kinds: ['predictions'] })
    await conduct(record, deps)
    // An H100 has 50 MiB.
    expect(runner.requests[0]).toMatchObject({ forMs: 200, cacheBytes: 50 * 2 ** 20 })
  })

  it('goes on after a step that fails', async () => {
    const fails = (id: string, forMs: number): object[] =>
      id === 'layer:a'
        ? [{ event: 'error', id, code: 'failed', message: 'no memory' }]
        : exampleAnswers(id, forMs)
    const { record, deps, runner } = runOf({}, fails)
    await conduct(record, deps)
    expect(record.steps[1]).toMatchObject({ state: 'failed', reason: 'no memory', trialsDone: 0 })
    // Its second trial is left out.
    expect(runner.ids().filter((id) => id === 'layer:a')).toHaveLength(1)
    expect(record.steps[0]).toMatchObject({ state: 'done', trialsDone: 2 })
  })

  it('runs the original again after a resume, whose rows are needed, and no finished step', async () => {
    const { record, deps, runner, compared } = runOf()
    await conduct(record, deps)
    Object.assign(
      record.steps.find(({ id }) => id === 'predictions:mean:a')!,
      { state: 'waiting', trialsDone: 0 }
    )
    const before = runner.ids().length
    record.evidence.layers = []
    await conduct(record, deps)
    expect(runner.ids().slice(before)).toEqual(['predictions:baseline', 'predictions:mean:a'])
    expect(compared.map(({ name }) => name)).toEqual(['baseline', 'mean:a', 'mean:a'])
    // A resumed run keeps its plan.
    expect([record.evidence.layers, record.steps.length]).toEqual([[], 6])
  })

  it('ends when it is cancelled, with the steps that are done', async () => {
    const { record, deps, runner, aborter } = runOf({}, (id, forMs) => {
      if (runner.ids().length === 3) aborter.abort()
      return exampleAnswers(id, forMs)
    })
    await expect(conduct(record, deps)).rejects.toThrow()
    expect(runner.ids()).toHaveLength(3)
    expect(record.evidence.variants).toHaveLength(2)
  })

  it.each([
    ['a plan before its hello', exampleGreeting().slice(1), /plan before its hello/],
    ['another version', exampleGreeting({ protocol: 2 }), /version 2/]
  ])('is refused to a runner that prints %s', async (_what, greeting, message) => {
    const { record, deps } = runOf({}, exampleAnswers, greeting)
    await expect(conduct(record, deps)).rejects.toThrow(message)
  })

  it('needs a step for the original', async () => {
    const greeting = exampleGreeting().map((event) =>
      event.event === 'plan'
        ? { ...event, steps: event.steps.filter(({ id }) => id !== 'predictions:baseline') }
        : event
    )
    const { record, deps } = runOf({ kinds: ['predictions'] }, exampleAnswers, greeting)
    await expect(conduct(record, deps)).rejects.toThrow(/no baseline/)
  })
})

describe('a workload run with power', () => {
  it('marks the rest before and after the steps, and every phase of the runner', async () => {
    const { record, deps } = runOf({ power: true, kinds: ['layer'] })
    const { power, marks, orders, finished } = fakePower()
    await conduct(record, { ...deps, power })
    const phase = ['layer:a begin', 'layer:a end']
    expect(marks).toEqual(['idle begin', 'idle end', ...phase, ...phase, 'idle begin', 'idle end'])
    expect(orders).toEqual([
      {
        ...{ title: 'Workload net', intervalMs: 20, pciBusId: undefined, lockClockMhz: undefined },
        ...{ othersBefore: [], onNote: expect.any(Function) as unknown }
      }
    ])
    expect(record.recordingIds).toEqual(['rec'])
    expect(record.power).toMatchObject({ gpu: 'NVIDIA H100' })
    expect(record.evidence.energies).toMatchObject([{ recordingId: 'rec', provisional: false }])
    expect(record.evidence.timings[0]).toMatchObject({ startC: 40, cooledMs: 0 })
    expect([finished(), record.evidence.notes]).toEqual([1, []])
  })

  it('warms up first, with a trial that counts for nothing, and starts every trial at what the GPU came down to', async () => {
    const { record, deps, runner } = runOf({
      power: true,
      kinds: ['layer', 'benchmark'],
      coolMs: 1,
      idleMs: 0
    })
    const { power, marks } = fakePower()
    await conduct(record, { ...deps, power })
    expect(runner.ids()[0]).toBe('benchmark:fp32')
    expect(runner.ids()).toHaveLength(5)
    expect(record.evidence.timings).toHaveLength(4)
    // Four trials of two marks each.
    expect(marks).toHaveLength(8)
    expect(record.evidence.coolToC).toBe(40)
  })

  it('leaves the power of a real GPU out where the network runs on the processor', async () => {
    const { record, deps } = runOf(
      { power: true, kinds: ['layer'] },
      exampleAnswers,
      exampleGreeting({ device: 'cpu' })
    )
    const { power, marks, finished } = fakePower()
    await conduct(record, { ...deps, power })
    expect([record.power, record.recordingIds, marks, finished()]).toEqual([null, [], [], 1])
  })

  it('refuses the power of another GPU than the one that computes', async () => {
    const greeting = exampleGreeting({ pciBusId: '00000000:02:00.0' })
    const { record, deps } = runOf({ power: true, kinds: ['layer'] }, exampleAnswers, greeting)
    const { power, finished } = fakePower()
    await expect(conduct(record, { ...deps, power })).rejects.toMatchObject({ code: 'input.invalid' })
    expect([record.power, record.recordingIds, finished()]).toEqual([null, [], 1])
  })

  it('says when its recording ended before the run', async () => {
    const { record, deps } = runOf({ power: true, kinds: ['layer'] })
    const { power } = fakePower({}, { finish: () => Promise.resolve('The disk is full.') })
    await conduct(record, { ...deps, power })
    expect(record.evidence.notes).toEqual([
      'The recording of power ended before the run: The disk is full. Later trials have no energy.'
    ])
  })

  it('works out the energy of a recording that a killed host left', async () => {
    const { record, deps } = runOf({ kinds: ['layer'] })
    record.recordingIds.push('old')
    await conduct(record, deps)
    expect(record.evidence.energies).toMatchObject([{ recordingId: 'old' }])
  })

  it('sends phases a tenth longer than ten windows of the sensor', async () => {
    const { record, deps, runner } = runOf({ power: true, phaseMs: undefined, kinds: ['predictions'] })
    const sensor = { updatePeriodMs: 25, averagingWindowMs: 100, partTime: false } as never
    const { power } = fakePower({}, { sensor })
    await conduct(record, { ...deps, power })
    expect((runner.requests[0] as { forMs: number }).forMs).toBeCloseTo(1100, 9)
  })
})
