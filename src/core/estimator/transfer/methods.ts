import { affineLeastSquares, affineRelative, globalAffine, logOffset, none } from './affine'
import { fineTune } from './fineTune'
import type { FittedTransfer } from './method'
import type { TransferProblem } from './problem'
import { fitProcesses } from './processes'
import { linear, fitStageRoofline, scratch, vidurForest } from './withoutSource'

/** Ways from a source device's stage times to a target's; `blend` and `auto` come on top (choose.ts). */
export const stageTransferMethods = [
  'none',
  'affineLeastSquares',
  'affineRelative',
  'globalAffine',
  'fineTune',
  'logOffset',
  'gpRatio',
  'scratch',
  'rooflineGp',
  'rooflineSourceGp',
  'tileGp',
  'tileSourceGp',
  'blend',
  'vidurForest',
  'linear',
  'roofline'
] as const

/** Name of a way to move an estimator to another device. */
export type StageTransferMethod = (typeof stageTransferMethods)[number]

/** What a person reads beside a method's name. */
export const methodTitles: Readonly<Record<StageTransferMethod, string>> = {
  none: 'No calibration',
  affineLeastSquares: 'A per stage, least squares',
  affineRelative: 'A per stage, relative',
  globalAffine: 'B global line',
  fineTune: 'C fine-tuning',
  logOffset: 'Log offset',
  gpRatio: 'GP on log ratio',
  scratch: 'Trees from scratch',
  rooflineGp: 'Target roofline x GP (no source)',
  rooflineSourceGp: 'Target roofline x GP with source',
  tileGp: 'Target tiles x GP (no source)',
  tileSourceGp: 'Target tiles x GP with source',
  blend: 'Blend of pooled GPs',
  vidurForest: "Vidur's random forest",
  linear: 'Linear in the knobs',
  roofline: 'Plain roofline'
}

/** The members of the blend. */
export const blendMembers = ['gpRatio', 'rooflineGp', 'rooflineSourceGp', 'tileGp', 'tileSourceGp'] as const

type SingleMethod = Exclude<StageTransferMethod, 'blend'>

/** Fits one method on calibration rows of the target. `fitted` keeps what was fitted already, by name. */
export function fitStageTransfer(
  method: StageTransferMethod,
  problem: TransferProblem,
  rows: Int32Array,
  seed: number,
  fitted: Map<StageTransferMethod, FittedTransfer> = new Map()
): FittedTransfer {
  const known = fitted.get(method)
  if (known !== undefined) return known
  const result =
    method === 'blend'
      ? blendOf(blendMembers.map((member) => fitStageTransfer(member, problem, rows, seed, fitted)))
      : fitSingle(method, problem, rows, seed)
  fitted.set(method, result)
  return result
}

function fitSingle(
  method: SingleMethod,
  problem: TransferProblem,
  rows: Int32Array,
  seed: number
): FittedTransfer {
  switch (method) {
    case 'none':
      return none(problem)
    case 'affineLeastSquares':
      return affineLeastSquares(problem, rows)
    case 'affineRelative':
      return affineRelative(problem, rows)
    case 'globalAffine':
      return globalAffine(problem, rows)
    case 'fineTune':
      return fineTune(problem, rows, seed)
    case 'logOffset':
      return logOffset(problem, rows)
    case 'gpRatio':
      return fitProcesses(problem, rows, 'ratio', seed)
    case 'scratch':
      return scratch(problem, rows, seed)
    case 'rooflineGp':
      return fitProcesses(problem, rows, 'roofline', seed)
    case 'rooflineSourceGp':
      return fitProcesses(problem, rows, 'rooflineSource', seed)
    case 'tileGp':
      return fitProcesses(problem, rows, 'tiles', seed)
    case 'tileSourceGp':
      return fitProcesses(problem, rows, 'tilesSource', seed)
    case 'vidurForest':
      return vidurForest(problem, rows, seed)
    case 'linear':
      return linear(problem, rows)
    case 'roofline':
      return fitStageRoofline(problem, rows)
  }
}

/** Geometric mean of the members, stage by stage. */
function blendOf(members: readonly FittedTransfer[]): FittedTransfer {
  return {
    predict(rows) {
      const all = members.map((member) => member.predict(rows))
      return all[0].map((first, stage) =>
        first.map((_, at) =>
          Math.exp(all.reduce((sum, times) => sum + Math.log(times[stage][at]), 0) / all.length)
        )
      )
    },
    refit: (rows) => blendOf(members.map((member) => member.refit(rows)))
  }
}
