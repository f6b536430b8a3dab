import {
  knobGrid,
  spaceFillingConfigurations,
  type KnobOffer
} from '../../../core/estimator/collect/knobGrid'
import type {
  Collection,
  CollectionStep,
  CollectionSubject
} from '../../../shared/contract/estimator/collection'
import { AppError } from '../../../shared/errors'
import type { CollectionStore, StepOutcome } from './collectionStore'

/** A program that measures stages; main/workload has it. */
export interface StageMeter {
  readonly subject: CollectionSubject
  readonly offer: KnobOffer
  measure(step: CollectionStep, repetitions: number): Promise<StepOutcome>
  stop(): Promise<void>
}

/** Meter, store and listeners of a collection. */
export interface CollectDeps {
  open(signal: AbortSignal): Promise<StageMeter>
  store: CollectionStore
  /** Stores and announces the record. */
  changed(): Promise<void>
  /** Announces the record, which is stored already. */
  announce(): void
  progress(done: number, total: number, note: string): void
  signal: AbortSignal
}

/**
 * Takes a collection from where it stands to its end: the design is made once, every configuration that the runner has
 * acknowledged is stored before the next is sent, and those are not measured again.
 * @throws input.invalid, input.unsupported, job.crashed; data.missing when the runner refused everything
 */
export async function collect(record: Collection, deps: CollectDeps): Promise<void> {
  const { store, signal } = deps
  const { request } = record
  deps.progress(0, record.steps.length, 'starting the runner')
  const meter = await deps.open(signal)
  try {
    requireSame(record, meter.subject)
    record.subject = meter.subject
    if (record.steps.length === 0) {
      record.offer = meter.offer
      const grid = knobGrid(meter.offer, request.knobs)
      record.steps = spaceFillingConfigurations(
        grid,
        meter.offer.limits,
        request.configurations,
        request.seed
      )
    }
    const done = await store.doneSteps(record.id)
    // The rows decide: early data files hold configurations that a killed host stored and did not count.
    const refusals = [...done.values()].filter((reason) => reason !== null)
    record.failed = refusals.length
    record.firstFailure ??= refusals[0] ?? null
    record.measured = done.size - refusals.length
    await deps.changed()
    const total = record.steps.length
    for (const [at, step] of record.steps.entries()) {
      signal.throwIfAborted()
      if (done.has(at)) continue
      deps.progress(done.size, total, textOf(step))
      const outcome = await meter.measure(step, request.repetitions)
      const counted = countedWith(record, outcome)
      await store.addStep(counted, at, outcome)
      done.set(at, null)
      Object.assign(record, counted)
      deps.announce()
    }
    deps.progress(total, total, '')
  } finally {
    await meter.stop()
  }
  if (record.measured > 0) return
  throw new AppError(
    'data.missing',
    `The runner measured no configuration: ${record.firstFailure ?? 'it refused all'}`,
    'Choose other knobs, or fewer tokens.'
  )
}

/** The record with one configuration more. */
function countedWith(record: Collection, outcome: StepOutcome): Collection {
  if (!('refused' in outcome)) return { ...record, measured: record.measured + 1 }
  return {
    ...record,
    failed: record.failed + 1,
    firstFailure: record.firstFailure ?? outcome.refused
  }
}

/** A resumed collection goes on with the same network on the same device, or its samples would not belong together. */
function requireSame({ subject }: Collection, found: CollectionSubject): void {
  if (subject === null) return
  const differs = (['model', 'runner', 'runtime', 'device', 'deviceName', 'threads'] as const).find(
    (field) => subject[field] !== found[field]
  )
  if (differs === undefined) return
  throw new AppError(
    'input.unsupported',
    `The collection was begun with ${differs} ${subject[differs]}; now it is ${found[differs]}.`,
    'Start a new collection.'
  )
}

/** A configuration in words. */
function textOf({ knobs, outputTokens }: CollectionStep): string {
  const parts = Object.entries(knobs).map(([name, value]) => `${name} ${value}`)
  return [...parts, ...(outputTokens === null ? [] : [`${outputTokens} output tokens`])].join(', ')
}
