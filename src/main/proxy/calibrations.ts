import { calibrateNetwork } from '../../core/proxy/fit/network'
import type { EmitterOf } from '../../shared/contract/define'
import type { proxyContract } from '../../shared/contract/proxy'
import type { Calibration } from '../../shared/contract/proxyCalibration'
import { AppError } from '../../shared/errors'
import type { JobContext, JobService } from '../jobs/jobService'
import type { CalibrationStore, MeasuredCalibration } from './calibrationStore'

/** A network at the same bits everywhere, run on a board; compose passes what deploying does. */
export interface NetworkRun {
  boardName: string
  modelName: string
  unit: Calibration['unit']
  origin: Calibration['origin']
  buildId: number
  /** Per image. */
  measured: number
}

export interface CalibrationDeps {
  calibrationStore: CalibrationStore
  jobs: JobService
  emit: EmitterOf<typeof proxyContract>
  nowMs: () => number
  /** @throws when the outputs differ from the host's, and what deploying throws */
  runNetwork: (
    request: { boardId: string; modelId: string; bits: Calibration['fewest']['bits']; images: number },
    context: JobContext
  ) => Promise<NetworkRun>
  /** What the present proxies say of the two points, uncalibrated; null where one is missing. */
  predictPoints: (boardId: string, modelId: string) => Promise<{ fewest: number | null; most: number | null }>
}

/** Two-point calibration of whole networks: measured as a job, used by Search and Deploy once it is there. */
export interface Calibrations {
  calibrate(request: { boardId: string; modelId: string; images: number }): { jobId: string }
  list(): Promise<Calibration[]>
  forget(boardId: string, modelId: string): Promise<void>
  /**
   * The measured points of a network on a board, for costs in this unit; null where there are none, or where they were
   * measured with another firmware than `buildId` (null: unknown, the board is not connected).
   */
  measured(
    boardId: string,
    modelId: string,
    unit: Calibration['unit'],
    buildId: number | null
  ): Promise<{ fewest: number; most: number } | null>
}

const [fewestBits, mostBits] = [1, 8] as const

export function createCalibrations(deps: CalibrationDeps): Calibrations {
  const { calibrationStore: store, jobs, emit, nowMs, runNetwork, predictPoints } = deps

  const complete = async (measured: MeasuredCalibration): Promise<Calibration> => {
    const predicted = await predictPoints(measured.boardId, measured.modelId).catch(() => ({
      fewest: null,
      most: null
    }))
    const fewest = { ...measured.fewest, predicted: predicted.fewest }
    const most = { ...measured.most, predicted: predicted.most }
    return { ...measured, fewest, most, line: lineThrough(fewest, most) }
  }

  return {
    calibrate({ boardId, modelId, images }) {
      const started = jobs.start({
        kind: 'proxy.calibrate',
        title: 'Calibrate on two whole networks',
        unit: 'images',
        total: 2 * images,
        async run(context) {
          const run = (bits: typeof fewestBits | typeof mostBits, before: number): Promise<NetworkRun> =>
            runNetwork(
              { boardId, modelId, bits, images },
              {
                ...context,
                progress: (done, _total, note) =>
                  context.progress(before + done, 2 * images, `all layers at ${bits} bit: ${note ?? ''}`)
              }
            )
          const most = await run(mostBits, 0)
          const fewest = await run(fewestBits, images)
          if (most.buildId !== fewest.buildId) {
            throw new AppError(
              'board.wrongBoard',
              `The firmware of ${most.boardName} changed between the two measurements.`,
              'Calibrate again.'
            )
          }
          const { boardName, modelName, unit, origin, buildId } = most
          const measured: MeasuredCalibration = {
            boardId,
            boardName,
            modelId,
            modelName,
            unit,
            origin,
            buildId,
            images,
            measuredAtMs: nowMs(),
            fewest: { bits: fewestBits, measured: fewest.measured },
            most: { bits: mostBits, measured: most.measured }
          }
          await store.save(measured)
          emit('proxy.calibrated', { jobId: context.id, calibration: await complete(measured) })
        }
      })
      started.result.catch(() => undefined)
      return { jobId: started.jobId }
    },
    list: async () => await Promise.all((await store.list()).map(complete)),
    forget: (boardId, modelId) => store.remove(boardId, modelId),
    async measured(boardId, modelId, unit, buildId) {
      const found = await store.get(boardId, modelId)
      if (found === null || found.unit !== unit) return null
      if (buildId !== null && buildId !== found.buildId) return null
      return { fewest: found.fewest.measured, most: found.most.measured }
    }
  }
}

function lineThrough(fewest: Calibration['fewest'], most: Calibration['most']): Calibration['line'] {
  if (fewest.predicted === null || most.predicted === null) return null
  return calibrateNetwork(
    { predicted: fewest.predicted, measured: fewest.measured },
    { predicted: most.predicted, measured: most.measured }
  )
}
