import { calibrateNetwork } from '../../core/proxy/fit/network'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type { proxyContract } from '../../shared/contract/proxy'
import type { NetworkCalibration } from '../../shared/contract/proxy/proxyCalibration'
import { AppError } from '../../shared/errors'
import type { JobContext, JobService } from '../jobs/jobService'
import type { CalibrationStore, MeasuredCalibration } from './calibrationStore'

/** A network at the same bits everywhere, run on a board; compose passes what deploying does. */
export interface NetworkRun {
  boardName: string
  modelName: string
  unit: NetworkCalibration['unit']
  origin: NetworkCalibration['origin']
  buildId: number
  /** Per image. */
  measured: number
}

/** What calibrations are made from. */
export interface CalibrationDeps {
  calibrationStore: CalibrationStore
  jobs: JobService
  emit: EmitterOf<typeof proxyContract>
  nowMs: () => number
  /** @throws when the outputs differ from the host's, and what deploying throws */
  runNetwork: (
    request: { boardId: string; modelId: string; bits: NetworkCalibration['fewest']['bits']; images: number },
    context: JobContext
  ) => Promise<NetworkRun>
  /** What the present proxies say of the two points, uncalibrated; null where one is missing. */
  predictPoints: (boardId: string, modelId: string) => Promise<{ fewest: number | null; most: number | null }>
}

type CalibrationCommand = 'proxy.calibrate' | 'proxy.calibrations' | 'proxy.forgetCalibration'

/** Two-point calibration of whole networks: measured as a job, used by Search and Deploy once it is there. */
export interface Calibrations {
  handlers: Pick<HandlersOf<typeof proxyContract>, CalibrationCommand>
}

interface Request {
  boardId: string
  modelId: string
  images: number
}

const [minBits, maxBits] = [1, 8] as const

/** Measures and keeps what a network's prediction is corrected with, per board and model. */
export function createCalibrations(deps: CalibrationDeps): Calibrations {
  const { calibrationStore: store, jobs, emit, nowMs, runNetwork, predictPoints } = deps

  const complete = async (measured: MeasuredCalibration): Promise<NetworkCalibration> => {
    const predicted = await predictPoints(measured.boardId, measured.modelId).catch(() => ({
      fewest: null,
      most: null
    }))
    const fewest = { ...measured.fewest, predicted: predicted.fewest }
    const most = { ...measured.most, predicted: predicted.most }
    return { ...measured, fewest, most, line: lineThrough(fewest, most) }
  }

  const calibrate = ({ boardId, modelId, images }: Request): { jobId: string } => {
    return jobs.launch({
      kind: 'proxy.calibrate',
      title: 'Calibrate on two whole networks',
      unit: 'images',
      total: 2 * images,
      async run(context) {
        const run = (bits: typeof minBits | typeof maxBits, before: number): Promise<NetworkRun> =>
          runNetwork(
            { boardId, modelId, bits, images },
            {
              ...context,
              progress: (done, _total, note) =>
                context.progress(before + done, 2 * images, `all layers at ${bits} bit: ${note ?? ''}`)
            }
          )
        const most = await run(maxBits, 0)
        const fewest = await run(minBits, images)
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
          fewest: { bits: minBits, measured: fewest.measured },
          most: { bits: maxBits, measured: most.measured }
        }
        await store.save(measured)
        emit('proxy.calibrated', { jobId: context.id, calibration: await complete(measured) })
      }
    })
  }

  return {
    handlers: {
      'proxy.calibrate': async (request) => calibrate(request),
      'proxy.calibrations': async () => {
        const { calibrations, unreadable } = await store.list()
        return { calibrations: await Promise.all(calibrations.map(complete)), unreadable }
      },
      'proxy.forgetCalibration': async ({ boardId, modelId }) => {
        await store.remove(boardId, modelId)
        return { ok: true }
      }
    }
  }
}

function lineThrough(
  fewest: NetworkCalibration['fewest'],
  most: NetworkCalibration['most']
): NetworkCalibration['line'] {
  if (fewest.predicted === null || most.predicted === null) return null
  return calibrateNetwork(
    { predicted: fewest.predicted, measured: fewest.measured },
    { predicted: most.predicted, measured: most.measured }
  )
}
