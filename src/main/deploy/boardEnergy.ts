import { maxBenchRepetitions, type BenchRequest, type BenchResult } from '../../core/board/protocol'
import { benchedCalls, type KernelCall } from '../../core/deploy/kernelCalls'
import type { ReadingClock } from '../../core/gpu/readingClock'
import type { QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import { workTailMs } from '../../core/meter/workTail'
import { AppError } from '../../shared/errors'
import type { JobContext } from '../jobs/jobService'
import { ioOf, runBatches, type DeploySession } from './boardRun'
import { compareBatch, startComparison } from './compare'
import type { Runner } from './imageRunner'

/** Marks a phase of the recording that runs beside the board. */
export type MarkPhase = (line: { name: string; state: 'begin' | 'end'; repetitions: number | null }) => void

/** A leased board whose kernels can be measured one by one. */
export type EnergySession = DeploySession & {
  bench(request: BenchRequest, options?: { signal?: AbortSignal }): Promise<BenchResult>
}

/** How long and how often each phase runs, ms. */
export interface EnergyProtocol {
  idleMs: number
  trials: number
  trialMs: number
  /** The kernels of each layer by themselves, beside whole inferences. */
  layers: boolean
}

/** What is run in a phase. */
interface PhaseWork {
  name: string
  /** Runs for at least the time of a trial; returns the repetitions. */
  run(): Promise<number>
}

/** Name of the phase of whole inferences, and of a layer's kernels. */
export const inferencePhase = 'inference'
/** Name of the phase of one layer. */
export const layerPhase = (name: string): string => `layer ${name}`

/**
 * The layers whose kernels the board's `bench` runs in their own size, with their calls. A layer whose cost `bench` can only
 * approximate (a factor that is not 1, a kernel that stands in for the operator's own) is left out, as is one without work.
 */
export function benchedLayers(network: QuantizedNetwork): { name: string; calls: readonly KernelCall[] }[] {
  return network.layers
    .map((layer) => ({ name: layer.name, calls: benchedCalls(layer) }))
    .filter(({ calls }) => calls.length > 0)
}

/**
 * Runs the phases of an energy measurement on a board that holds the network: rest (after it settled), `trials` times whole inferences, then
 * `trials` rounds over the kernels of each layer, which take the memory of the network; each phase for at least `trialMs`.
 * Before that the outputs of one batch are compared with the host.
 *
 * @param mark called at the beginning and end of every phase
 * @throws deploy.mismatch where an output differs
 */
export async function runEnergyPhases(
  options: {
    session: EnergySession
    runner: Runner
    network: QuantizedNetwork
    inputs: { codes: Int8Array; images: number }
    host: Int32Array
    protocol: EnergyProtocol
    mark: MarkPhase
    clock: ReadingClock
    rest: (durationMs: number) => Promise<void>
    /** Of the board's core; null where it is not known. */
    clockHz: number | null
  },
  { signal, progress }: Pick<JobContext, 'signal' | 'progress'>
): Promise<void> {
  const { protocol, mark, rest } = options
  const layers = protocol.layers ? benchedLayers(options.network) : []
  const whole = await inferences(options, signal)
  const total = 1 + (1 + layers.length) * protocol.trials
  progress(0, total, 'idle')
  await rest(workTailMs)
  mark({ name: 'idle', state: 'begin', repetitions: null })
  await rest(protocol.idleMs)
  mark({ name: 'idle', state: 'end', repetitions: null })
  let done = 1
  const rounds = async (works: readonly PhaseWork[]): Promise<void> => {
    for (let trial = 0; trial < protocol.trials; trial++) {
      for (const { name, run } of works) {
        signal.throwIfAborted()
        progress(done++, total, name)
        mark({ name, state: 'begin', repetitions: null })
        const count = options.clock.leaveOutWaiting()
        const repetitions = await run().finally(count)
        mark({ name, state: 'end', repetitions })
        await options.clock.caughtUp()
      }
    }
  }
  await rounds([whole])
  const works: PhaseWork[] = []
  for (const layer of layers) works.push(await kernels(layer, options, signal))
  await rounds(works)
  progress(total, total, 'done')
}

async function inferences(
  { session, runner, network, inputs, host, protocol, clock }: Parameters<typeof runEnergyPhases>[0],
  signal: AbortSignal
): Promise<PhaseWork> {
  const { place, execute } = runner
  const images = Math.min(place.images, inputs.images)
  const io = ioOf(network)
  const comparison = startComparison()
  for await (const batch of runBatches(session, place, io, inputs.codes, images, execute, signal))
    compareBatch(comparison, batch, host, null, network.outputCount)
  if (comparison.differentOutputs > 0) {
    throw new AppError(
      'deploy.mismatch',
      `${comparison.differentOutputs} outputs of ${images} images differ from the host's.`,
      'Run `bitbench deploy run` with the same scheme to see which; energy of wrong results is not measured.'
    )
  }
  return {
    name: inferencePhase,
    async run() {
      const fromMs = clock.nowMs()
      for (let done = images; ; done += images) {
        // Not from image 0, which would clear the counters of the layers.
        await execute(images, images)
        if (clock.nowMs() - fromMs >= protocol.trialMs) return done
        signal.throwIfAborted()
      }
    }
  }
}

async function kernels(
  { name, calls }: { name: string; calls: readonly KernelCall[] },
  { session, protocol, clock, clockHz }: Parameters<typeof runEnergyPhases>[0],
  signal: AbortSignal
): Promise<PhaseWork> {
  // By the core's counter where there is one: the time around a command is, on a busy computer, mostly waiting.
  const bench = async (repetitions: number): Promise<number> => {
    const fromMs = clock.nowMs()
    let cycles = 0
    for (const { kernel, dims, activationBits, weightBits } of calls) {
      const request = { kernel, dims, activationBits, weightBits, repetitions, seed: 1 }
      const { cycles: counted } = await session.bench(request, { signal })
      // Of long commands only the first repetitions are reported.
      cycles += (counted.reduce((sum, each) => sum + each, 0) * repetitions) / Math.max(1, counted.length)
    }
    return clockHz !== null && cycles > 0 ? (cycles * 1000) / clockHz : clock.nowMs() - fromMs
  }
  // More repetitions until they take a good part of a trial; operands are made once a command and count as well.
  let repetitions = 1
  for (let tookMs = await bench(1); tookMs < protocol.trialMs && repetitions < maxBenchRepetitions;) {
    // Never many times more than what was timed: a short time is mostly that of the line.
    const factor = Math.min(8, Math.max(1.2, (1.1 * protocol.trialMs) / Math.max(tookMs, 1e-3)))
    repetitions = Math.min(maxBenchRepetitions, Math.ceil(repetitions * factor))
    if (factor < 2) break
    tookMs = await bench(repetitions)
  }
  return {
    name: layerPhase(name),
    async run() {
      const fromMs = clock.nowMs()
      for (let done = repetitions; ; done += repetitions) {
        await bench(repetitions)
        if (clock.nowMs() - fromMs >= protocol.trialMs) return done
      }
    }
  }
}
