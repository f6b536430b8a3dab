import type { TfliteModel } from '@core/model/tflite/tflite'
import { readOnnx, type ImportedModel } from '@core/model/onnx/importOnnx'
import { tfliteToOnnx } from '@core/model/tflite/toOnnx'
import { createImportedRunner } from '@core/quant/runImported'
import { decodeTflite } from '@main/model/files/tfliteFile'
import { AppError } from '@shared/errors'
import { hardlyRounded } from '../../bench/unrounded'
import type { LiteRt } from './litert'
import { randomTflite } from './randomTflite'
import { randomTfliteCodes } from './randomTfliteCodes'
import { encodeTflite } from './tfliteWriter'

/** How a file compares. One code apart: not at a tie, where LiteRT computes with fixed-point factors and tables. */
export type LiteRtOutcome = 'equal' | 'one code apart' | 'refused' | 'not run by LiteRT' | 'wrong'
export interface LiteRtAgreement {
  readonly kind: LiteRtOutcome
  readonly message: string
  /** The file's operators. */
  readonly operators: string
}

/** Greatest difference of floats allowed, relative to the largest output. */
const tolerance = 1e-4
/** Codes: how far from a tie the other code is still right. */
const tieWidth = 0.02

type Verdict = Pick<LiteRtAgreement, 'kind' | 'message'>

/** The importer's reading of a file; or why it refuses it, null where no reason is given. */
function read(file: Uint8Array): ImportedModel | string | null {
  try {
    const { imported, obstacles } = readOnnx(tfliteToOnnx(decodeTflite(file)))
    if (imported !== null) return imported
    return obstacles.length > 0 && obstacles.every(({ hint }) => hint !== '') ? obstacles[0]!.message : null
  } catch (reason) {
    return reason instanceof AppError ? reason.message : null
  }
}

/** The float file of a seed. */
export async function compareFloatWithLiteRt(litert: LiteRt, seed: number): Promise<LiteRtAgreement> {
  const { model, input } = randomTflite(seed)
  return compare(litert, model, input, (imported, wanted) => {
    const found = createImportedRunner(imported)(input)
    const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3)
    let error = 0
    for (const [at, value] of wanted.entries())
      error = Math.max(error, Math.abs(value - found.values[at]!) / scale)
    const isEqual = found.values.length === wanted.length && error <= tolerance
    return {
      kind: isEqual ? 'equal' : 'wrong',
      message: `differs by ${error.toExponential(1)} of the largest`
    }
  })
}

/** The file between codes of a seed. */
export async function compareCodesWithLiteRt(litert: LiteRt, seed: number): Promise<LiteRtAgreement> {
  const { model, input, output: codes } = randomTfliteCodes(seed)
  const { scale, zero, lowest } = codes
  return compare(litert, model, input, (imported, wanted) => {
    const { output } = imported
    const fine = { ...imported, output: { ...output, endings: output.endings.map(hardlyRounded) } }
    const found = createImportedRunner(fine)(input)
    if (found.values.length !== wanted.length) return { kind: 'wrong', message: 'another number of outputs' }
    let kind: LiteRtOutcome = 'equal'
    for (const [at, value] of wanted.entries()) {
      const code = Math.round(value / scale) + zero
      const real = found.values[at]! / scale + zero
      const limited = Math.min(lowest + 255, Math.max(lowest, real))
      const apart = Math.abs(limited - code)
      if (apart > 1.5 + tieWidth)
        return { kind: 'wrong', message: `${real.toFixed(3)} where LiteRT has ${code}` }
      if (apart > 0.5 + tieWidth) kind = 'one code apart'
    }
    return { kind, message: '' }
  })
}

async function compare(
  litert: LiteRt,
  model: TfliteModel,
  input: Float32Array,
  judge: (imported: ImportedModel, wanted: readonly number[]) => Verdict
): Promise<LiteRtAgreement> {
  const operators = model.operators.map(({ name }) => name).join(' ')
  return { ...(await verdictOf(litert, model, input, judge)), operators }
}

async function verdictOf(
  litert: LiteRt,
  model: TfliteModel,
  input: Float32Array,
  judge: (imported: ImportedModel, wanted: readonly number[]) => Verdict
): Promise<Verdict> {
  const file = encodeTflite(model)
  let wanted
  try {
    wanted = await litert.run(file, input)
  } catch (reason) {
    return { kind: 'not run by LiteRT', message: String(reason).split('\n')[0]! }
  }
  if (!wanted.values.every(Number.isFinite)) return { kind: 'not run by LiteRT', message: 'not finite' }
  const imported = read(file)
  if (imported === null) return { kind: 'wrong', message: 'refused without a reason' }
  return typeof imported === 'string'
    ? { kind: 'refused', message: imported }
    : judge(imported, wanted.values)
}
