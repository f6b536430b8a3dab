import { AppError } from '../../../shared/errors'
import type { FeatureMatrix } from '../../regression/featureMatrix'
import type { KnobColumn, StageTable } from './stageTable'

/** A stage that configurations do not have whose knob has one of these names: phi-2 has no second norm. */
export interface AbsentStage {
  readonly stage: string
  readonly knob: string
  readonly levels: readonly string[]
}

/**
 * The stages that some rows of a table lack, by the first knob of names that decides it.
 * @throws data.invalid where no knob decides it: whether a new configuration has the stage could only be guessed
 */
export function absentStages(table: StageTable): AbsentStage[] {
  return table.stages.flatMap((stage, at) => {
    const times = table.times[at]
    const gaps = times.reduce((count, time) => count + Number(Number.isNaN(time)), 0)
    if (gaps === 0) return []
    for (const knob of table.knobs) {
      const levels = deciding(knob, times)
      if (levels !== null) return [{ stage, knob: knob.name, levels }]
    }
    throw new AppError(
      'data.invalid',
      `The stage ${stage} is missing in ${gaps} of ${table.count} samples, and no knob of names (model, tier, task) decides in which.`,
      'Give the stage in every sample, leave it out of all, or add a knob that names the kind of configuration.'
    )
  })
}

/** The names with which a stage is always absent; null where some name has it in some rows and not in others. */
function deciding({ values, levels }: KnobColumn, times: Float64Array): string[] | null {
  if (levels === null) return null
  const rows = new Int32Array(levels.length)
  const gaps = new Int32Array(levels.length)
  values.forEach((level, row) => {
    rows[level]++
    if (Number.isNaN(times[row])) gaps[level]++
  })
  const isDecided = levels.every((_, at) => gaps[at] === 0 || gaps[at] === rows[at])
  return isDecided ? levels.filter((_, at) => gaps[at] > 0) : null
}

/** Predicted times, ms, with NaN where a row's names lack the stage; `matrix` has a column per name (knobCodec.ts). */
export function withoutAbsent(
  predicted: Float64Array[],
  stages: readonly string[],
  absent: readonly AbsentStage[],
  matrix: FeatureMatrix
): Float64Array[] {
  for (const { stage, knob, levels } of absent) {
    const times = predicted[stages.indexOf(stage)]
    for (const level of levels) {
      matrix.columns[matrix.names.indexOf(`${knob} = ${level}`)].forEach((isLevel, row) => {
        if (isLevel === 1) times[row] = NaN
      })
    }
  }
  return predicted
}
