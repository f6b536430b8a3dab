import { requireCounter, type BoardInfo } from '../../core/board/boardInfo'
import { isTimedByHost } from '../../core/board/hostClock'
import { uniformScheme, type Bits } from '../../core/quant/scheme'
import type { DeployRequest, Deployment } from '../../shared/contract/deploy'
import { AppError } from '../../shared/errors'
import type { JobContext } from '../jobs/jobService'

/** A network with all layers at the same bits, run on a board and verified: one point of a two-point calibration. */
export function createUniformRun(deps: {
  /** Connects unless connected; returns what its monitor says. */
  connect: (boardId: string) => Promise<{
    name: string
    info: Pick<BoardInfo, 'buildId' | 'counters' | 'coreName' | 'clockHz'>
    origin: Deployment['origin']
  }>
  layers: (modelId: string) => Promise<{ name: string }[]>
  /** Deploys and compares every output without leaving a record. */
  measure: (request: DeployRequest, context: JobContext) => Promise<Deployment>
}): (
  request: { boardId: string; modelId: string; bits: Bits; images: number },
  context: JobContext
) => Promise<
  Pick<Deployment, 'boardName' | 'modelName' | 'unit' | 'origin'> & { measured: number; buildId: number }
> {
  return async ({ boardId, modelId, bits, images }, context) => {
    const board = await deps.connect(boardId)
    if (!isTimedByHost(board)) requireCounter(board.name, board.info)
    const layers = (await deps.layers(modelId)).map((layer) => layer.name)
    const scheme = uniformScheme(layers, bits, bits).map((layer) => ({ ...layer }))
    const request = { modelId, boardId, images, scheme, method: 'ptq', proxyId: null, form: 'image' } as const
    const deployment = await deps.measure(request, context)
    const { bitExact, measured, measuredBy, boardName, modelName, unit, origin } = deployment
    if (bitExact === true && measured === null) {
      throw new AppError(
        'board.refused',
        `${modelName} on ${boardName} was not measured: ${measuredBy ?? 'its core counts nothing'}.`,
        'Compare more images, or describe a counter of the board (docs/boards.md).'
      )
    }
    if (bitExact !== true || measured === null) {
      throw new AppError(
        'deploy.mismatch',
        `At all ${bits} bits the outputs of ${modelName} on ${boardName} differ from the host's.`,
        'Deploy that scheme to see where; nothing may be calibrated on it.'
      )
    }
    return { boardName, modelName, unit, origin, measured, buildId: board.info.buildId }
  }
}
