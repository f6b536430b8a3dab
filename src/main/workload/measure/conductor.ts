import { setTimeout as pause } from 'node:timers/promises'
import { shortestPhaseMs } from '../../../core/energy/sensorModel'
import { idlePhaseName } from '../../../core/energy/idleBaseline'
import { l2CacheBytes } from '../../../core/gpu/cacheSizes'
import { createRandom } from '../../../core/math/random'
import { coolingSecondsLeft, planSteps, remainingTrials, secondsLeft } from '../../../core/workload/plan'
import { requireProtocol } from '../../../core/workload/protocol'
import type { WorkloadStep } from '../../../shared/contract/workload'
import type { Variant } from '../../../shared/contract/workload/workloadEvidence'
import type { RunnerEventOf } from '../../../shared/contract/workload/workloadProtocol'
import { AppError } from '../../../shared/errors'
import { formatDuration } from '../../../shared/units'
import type { CompareTask } from '../compareFiles'
import { energyAsItComes, keepEnergy } from './sessionEnergy'
import {
  isPowerOfRunner,
  requireSameGpu,
  type EnergyOf,
  type PowerOrder,
  type PowerSession,
  type PowerSource
} from './powerSource'
import { coolDown, settle, type CooledStart, type Cooling } from './cooldown'
import { createMarkDelay } from './markDelay'
import {
  startRunner,
  type RunnerCommand,
  type RunnerProcess,
  type SpawnRunner
} from '../process/runnerProcess'
import { compareTask, keepTimed, oneTrial, predictionsOf, StepFailure, type TrialRequest } from './trial'
import type { WorkloadRecord } from '../workloadRecord'

/** Runner, power and listeners of a workload run. */
export interface ConductorDeps {
  spawn: SpawnRunner
  command: RunnerCommand
  power: PowerSource
  energyOf: EnergyOf
  /** The same of a recording that is still running. */
  energySoFar: EnergyOf
  compare(task: CompareTask): Promise<Variant>
  /** Stores and announces the record after every step. */
  changed(): Promise<void>
  onOutput(text: string): void
  progress(done: number, total: number, note: string): void
  signal: AbortSignal
}

/** Longest start of a runner: a large network from a slow disk. */
const loadWithinMs = 600_000
/** Least phase without a power sensor to wait for. */
const plainPhaseMs = 200
/** Pause between trials: random, so that they do not keep step with a sensor that looks at part of the time. */
const maxGapMs = 100
/** Time for the present step to end when a run is cancelled, ms: one of a large network lasts minutes, one that hangs never ends. */
const cancelGraceMs = 2_000

/**
 * Takes a run from where it stands to its end: starts power and runner, sends one trial at a time, keeps the
 * results of each. A cancellation or crash loses only the running trial.
 *
 * @throws job.cancelled, job.crashed, input.unsupported and what the runner reports
 */
export async function conduct(record: WorkloadRecord, deps: ConductorDeps): Promise<void> {
  const { request, evidence } = record
  let power: PowerSession | null = null
  const delay = createMarkDelay(() => performance.now())
  const marks = { areKept: true }
  const hasPower = request.power && (await deps.power.missing()) === null
  const others = hasPower ? await deps.power.others() : undefined
  let runner: RunnerProcess | undefined
  const stop = (): void => void runner?.stop(cancelGraceMs)
  // A host that was killed left recordings whose energy was not worked out yet: trials that are done are not run again.
  for (const recordingId of record.recordingIds) await keepEnergy(record, recordingId, deps)
  try {
    deps.signal.throwIfAborted()
    deps.signal.addEventListener('abort', stop)
    runner = startRunner(deps.spawn, deps.command, {
      onOutput: deps.onOutput,
      onEvent: (event) => {
        if (event.event !== 'phase') return
        const { name, state, repetitions, ns } = event
        const lateMs = delay.lateOf(ns)
        if (!marks.areKept) return
        power?.mark({ name, state, repetitions: state === 'end' ? (repetitions ?? null) : null }, lateMs)
      }
    })
    const greeting = await greet(record, runner)
    // The runner names its GPU first: CUDA counts GPUs in another order than nvidia-smi.
    if (hasPower) power = await startPower(record, deps, greeting.pciBusId, others)
    if (power !== null && !isPowerOfRunner(record.subject?.device ?? '', power)) {
      await leavePower(record, power)
      power = null
    }
    const phaseMs = request.phaseMs ?? (power === null ? plainPhaseMs : shortestPhaseMs(power.sensor) * 1.1)
    planRun(record, greeting, phaseMs)
    await deps.changed()
    if (power !== null) await rest(power, request.idleMs, deps)
    const cooling = power === null || request.coolMs === 0 ? null : coolingOf(power, record, deps)
    const trial = { phaseMs, cacheBytes: cacheOf(record), onSend: () => delay.requested() }
    const before = (): Promise<CooledStart> => startOf(power, cooling, evidence.coolToC)
    if (cooling !== null) await warmUp(record, runner, trial, cooling, marks)
    const keep = energyAsItComes(record, power?.recordingId, deps)
    const after = async (): Promise<void> => {
      // A trial that counts as done is not run again: its readings must outlive this process before.
      await power?.stored()
      await keep()
    }
    await doSteps(record, runner, trial, before, after, deps)
    if (power !== null) await rest(power, request.idleMs, deps)
  } catch (cause) {
    // The runner of a cancelled run ended because it was stopped.
    deps.signal.throwIfAborted()
    throw cause
  } finally {
    deps.signal.removeEventListener('abort', stop)
    record.unknownEvents += runner?.unknownEvents ?? 0
    await runner?.stop(deps.signal.aborted ? 500 : undefined)
    if (power !== null) {
      const ending = await power.finish()
      if (ending !== null) {
        evidence.notes.push(
          `The recording of power ended before the run: ${ending} Later trials have no energy.`
        )
      }
      await keepEnergy(record, power.recordingId, deps)
    }
    await deps.changed()
  }
}

async function startPower(
  record: WorkloadRecord,
  deps: ConductorDeps,
  pciBusId: string | undefined,
  othersBefore: PowerOrder['othersBefore']
): Promise<PowerSession> {
  const title = `Workload ${record.subject?.model ?? ''}`.trimEnd()
  const { intervalMs, lockClockMhz } = record.request
  const onNote = (text: string): void => void record.evidence.notes.push(text)
  const session = await deps.power.start({ title, intervalMs, pciBusId, lockClockMhz, othersBefore, onNote })
  record.power = session.about
  record.recordingIds.push(session.recordingId)
  try {
    requireSameGpu(pciBusId, session)
  } catch (cause) {
    await leavePower(record, session)
    throw cause
  }
  return session
}

/** Ends a recording of a GPU that does not compute: its figures must not stand among those of the run, nor after a resume. */
async function leavePower(record: WorkloadRecord, session: PowerSession): Promise<void> {
  await session.finish()
  record.power = null
  record.recordingIds = record.recordingIds.filter((id) => id !== session.recordingId)
}

/**
 * Idle power with everything loaded and nothing running: the fairest baseline. It is taken before the steps and after
 * them: a GPU that warmed up meanwhile draws more at rest.
 */
async function rest(power: PowerSession, idleMs: number, deps: ConductorDeps): Promise<void> {
  if (idleMs === 0) return
  deps.progress(0, 0, 'idle baseline')
  power.mark({ name: idlePhaseName, state: 'begin', repetitions: null })
  await pause(idleMs, undefined, { signal: deps.signal }).catch(() => undefined)
  power.mark({ name: idlePhaseName, state: 'end', repetitions: null })
}

/** What a runner printed up to its plan. */
interface Greeting {
  pciBusId: string | undefined
  layers: RunnerEventOf<'layer'>[]
  skipped: RunnerEventOf<'skipped'>[]
  plan: RunnerEventOf<'plan'>
}

/** Reads who the runner is and what it offers. */
async function greet(record: WorkloadRecord, runner: RunnerProcess): Promise<Greeting> {
  const layers: RunnerEventOf<'layer'>[] = []
  const skipped: RunnerEventOf<'skipped'>[] = []
  let pciBusId: string | undefined
  const plan = await runner.until((event) => {
    if (event.event === 'hello') {
      greeted(record, event)
      pciBusId = event.pciBusId
    }
    if (event.event === 'layer') layers.push(event)
    if (event.event === 'skipped') skipped.push(event)
    return event.event === 'plan' ? event : undefined
  }, loadWithinMs)
  if (record.subject === null) {
    throw new AppError(
      'input.unsupported',
      'The runner printed a plan before its hello.',
      'A runner prints its hello first: see docs/workloads.md.'
    )
  }
  return { pciBusId, layers, skipped, plan }
}

/** Fills in the steps of a run; a resumed one keeps its plan. */
function planRun(record: WorkloadRecord, { layers, skipped, plan }: Greeting, phaseMs: number): void {
  if (record.steps.length > 0) return
  record.evidence.layers = layers
  const notOffered = skipped.map(({ id, reason }): WorkloadStep => ({
    ...{ id, kind: id.startsWith('layer:') ? 'layer' : 'benchmark', trials: 0, trialsDone: 0 },
    ...{ state: 'skipped', seconds: 0, reason }
  }))
  record.steps = [...planSteps(plan.steps, record.request, phaseMs), ...notOffered]
}

function greeted(record: WorkloadRecord, hello: RunnerEventOf<'hello'>): void {
  requireProtocol(hello.protocol)
  record.subject = {
    model: hello.model ?? 'network',
    runner: hello.runner,
    runtime: hello.runtime,
    device: hello.device,
    deviceName: hello.deviceName ?? null,
    threads: hello.threads ?? null,
    task: hello.task ?? 'accuracy',
    batch: hello.batch ?? 1,
    notes: hello.notes
  }
}

function coolingOf(power: PowerSession, { request, steps }: WorkloadRecord, deps: ConductorDeps): Cooling {
  const sum = (read: (step: WorkloadStep) => number): number =>
    steps.reduce((all, step) => all + read(step), 0)
  return {
    temperatureC: () => power.temperatureC(),
    nowMs: () => performance.now(),
    maxMs: request.coolMs,
    signal: deps.signal,
    onWait: (celsius) =>
      deps.progress(
        sum(({ trialsDone }) => trialsDone),
        sum(({ trials }) => trials),
        `cooling down, ${celsius} °C`
      )
  }
}

/** What a timed trial starts at: without waiting, the temperature is recorded all the same. */
async function startOf(
  power: PowerSession | null,
  cooling: Cooling | null,
  coolToC: number | null
): Promise<CooledStart> {
  if (cooling === null) return { startC: power?.temperatureC() ?? null, cooledMs: 0 }
  return await coolDown(coolToC, cooling)
}

/**
 * One trial that counts for nothing: the first one would start on a colder GPU than all others. What the GPU comes down to
 * after it is where every trial starts; a resumed run keeps that of its first session.
 */
async function warmUp(
  record: WorkloadRecord,
  runner: RunnerProcess,
  trial: TrialRequest,
  cooling: Cooling,
  marks: { areKept: boolean }
): Promise<void> {
  const timed = record.steps.filter(({ kind, state }) => kind !== 'predictions' && state === 'waiting')
  const step = timed.find(({ kind }) => kind === 'benchmark') ?? timed[0]
  if (step === undefined) return
  marks.areKept = false
  try {
    // A runner may print the bytes of weights once, when it loads them.
    for (const event of await oneTrial(runner, step, trial)) {
      if (event.event === 'weights') record.evidence.weightBytes[event.precision] = event.bytes
    }
  } catch (cause) {
    // It fails again when it counts, and is reported then.
    if (!(cause instanceof StepFailure)) throw cause
  } finally {
    marks.areKept = true
  }
  record.evidence.coolToC ??= await settle(cooling)
}

/** L2 cache of the GPU that computes, by its name; undefined on a processor, which the runner asks itself. */
function cacheOf({ subject, power }: WorkloadRecord): number | undefined {
  return l2CacheBytes(subject?.deviceName ?? power?.gpu ?? '') ?? undefined
}

/** How long the plan takes, and how long the waits for a cool GPU may take besides. */
function planNote({ steps, request, power, evidence }: WorkloadRecord): string {
  const about = `; about ${formatDuration(secondsLeft(steps) * 1000)} by the plan`
  const isCooled = power !== null && evidence.coolToC !== null
  const coolingMs = isCooled ? coolingSecondsLeft(steps, request.coolMs) * 1000 : 0
  return coolingMs === 0
    ? about
    : `${about}, and up to ${formatDuration(coolingMs)} until the GPU is cool before each trial`
}

async function doSteps(
  record: WorkloadRecord,
  runner: RunnerProcess,
  trial: TrialRequest,
  beforeTrial: () => Promise<CooledStart>,
  afterTrial: () => Promise<void>,
  deps: ConductorDeps
): Promise<void> {
  const { steps, request } = record
  const random = createRandom(request.seed).fork(record.recordingIds.length)
  const total = steps.reduce((sum, { trials }) => sum + trials, 0)
  let baseline: RunnerEventOf<'predictions'> | undefined
  const report = (note: string): void => {
    const done = steps.reduce((sum, { trialsDone }) => sum + trialsDone, 0)
    // The job's own rate is the better estimate as soon as there is one.
    deps.progress(done, total, `${note}${done === 0 ? planNote(record) : ''}`)
  }
  const original = async (): Promise<RunnerEventOf<'predictions'>> => {
    // After a resume the original is run again: its rows are needed, its result is there already.
    const step = steps.find(({ id }) => id === 'predictions:baseline')
    if (step === undefined)
      throw new AppError(
        'input.unsupported',
        'The runner has no baseline.',
        'Add the step predictions:baseline.'
      )
    const events = await oneTrial(runner, step, trial)
    return predictionsOf(events, step.id)
  }
  for (const step of remainingTrials(steps, request.seed + record.recordingIds.length)) {
    deps.signal.throwIfAborted()
    if (step.state !== 'waiting') continue
    report(step.id)
    if (step.kind !== 'predictions') await pause(random.next() * maxGapMs)
    try {
      if (step.kind === 'predictions') {
        const first = (baseline ??= await original())
        const changed =
          step.id === 'predictions:baseline'
            ? first
            : predictionsOf(await oneTrial(runner, step, trial), step.id)
        record.evidence.variants.push(await deps.compare(compareTask(record, first, changed)))
      } else {
        const start = await beforeTrial()
        keepTimed(record, step, await oneTrial(runner, step, trial), start)
        await afterTrial()
      }
      step.trialsDone++
      if (step.trialsDone >= step.trials) step.state = 'done'
    } catch (cause) {
      const error = AppError.from(cause)
      if (!(cause instanceof StepFailure)) throw error
      step.state = 'failed'
      step.reason = error.message
    }
    await deps.changed()
    deps.signal.throwIfAborted()
  }
  report('all steps done')
}
