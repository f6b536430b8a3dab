import { AppError } from '../../../shared/errors'
import { createRandom } from '../../math/random'
import { deviceFactsOf, knownDevices, type DeviceFacts } from '../devices'
import { configurationKey, stageTable, takeRows, type StageTable } from '../samples/stageTable'
import type { StageSample } from '../samples/stageSample'
import { transferProblem, type TransferProblem } from './problem'
import { fitProcesses } from './processes'

/** Samples of the source and target device that a transfer works on. */
export interface TransferInput {
  source: readonly StageSample[]
  target: readonly StageSample[]
  /** Rows that decide; their configurations are never calibrated on. Without them the rest of the target decides. */
  judge?: readonly StageSample[]
  /** Device names, for facts the rows do not hold; by default what the samples say. */
  sourceDevice?: string
  targetDevice?: string
}

/** A transfer problem with the rows it may calibrate on and those that judge. */
export interface AssembledTransfer {
  problem: TransferProblem
  /** Configurations measured on the target that calibration may draw from. */
  pool: Int32Array
  /** Configurations of the judge; null where the rest of the pool decides. */
  judged: Int32Array | null
  remarks: string[]
}

/**
 * One configuration per row: repeated measurements of a configuration become their geometric mean.
 * @throws data.invalid when source and target have no stage in common
 */
export function assembleTransfer(input: TransferInput): AssembledTransfer {
  const parts = [input.source, input.target, input.judge ?? []]
  const all = stageTable(parts.flat())
  const starts = [0, parts[0].length, parts[0].length + parts[1].length]
  const rowOf = new Map<string, number>()
  const firsts: number[] = []
  const configuration = Int32Array.from({ length: all.count }, (_, row) => {
    const key = configurationKey(all, row)
    const known = rowOf.get(key)
    if (known !== undefined) return known
    rowOf.set(key, firsts.length)
    firsts.push(row)
    return firsts.length - 1
  })
  const timesOf = (part: number): Float64Array[] =>
    mergedTimes(all, configuration, starts[part], starts[part] + parts[part].length, firsts.length)
  const [sourceTimes, targetTimes, judgeTimes] = [timesOf(0), timesOf(1), timesOf(2)]
  const members = (part: number): Set<number> =>
    new Set(configuration.subarray(starts[part], starts[part] + parts[part].length))
  const judgedSet = members(2)
  const inJudge = (row: number): boolean => judgedSet.has(row)
  const pool = Int32Array.from(members(1)).filter((row) => !inJudge(row))
  const judged = input.judge === undefined ? null : Int32Array.from(judgedSet)
  // A judged configuration's times come from the judge alone.
  const decided = targetTimes.map((times, stage) =>
    times.map((time, row) => (inJudge(row) ? judgeTimes[stage][row] : time))
  )
  const { table, source, target, remarks } = withoutUnknownStages(takeRows(all, firsts), sourceTimes, decided)
  requireCommonStages(table, source, target)
  remarks.push(...sameTimes(source, target))
  const from = deviceFact(input.sourceDevice ?? deviceOf(input.source), 'source', remarks)
  const to = deviceFact(input.targetDevice ?? deviceOf(input.target), 'target', remarks)
  const multiprocessors = { source: from?.multiprocessors ?? null, target: to?.multiprocessors ?? null }
  const completed = completeSource(table, source, multiprocessors.source, remarks)
  const memoryRatio = from === null || to === null ? null : from.memoryGbPerSecond / to.memoryGbPerSecond
  const problem = transferProblem(table, completed, target, multiprocessors, memoryRatio)
  return { problem, pool, judged, remarks }
}

function mergedTimes(
  all: StageTable,
  configuration: Int32Array,
  from: number,
  to: number,
  count: number
): Float64Array[] {
  return all.times.map((times) => {
    const sums = new Float64Array(count)
    const rows = new Int32Array(count)
    for (let row = from; row < to; row++) {
      if (Number.isNaN(times[row])) continue
      sums[configuration[row]] += Math.log(times[row])
      rows[configuration[row]]++
    }
    return sums.map((sum, at) => (rows[at] === 0 ? NaN : Math.exp(sum / rows[at])))
  })
}

function requireCommonStages(table: StageTable, source: Float64Array[], target: Float64Array[]): void {
  if (table.stages.some((_, stage) => isMeasured(source[stage]) && isMeasured(target[stage]))) return
  throw new AppError(
    'data.invalid',
    'Source and target have no stage in common.',
    'Check the preset: stages must have the same names in both files.'
  )
}

const isMeasured = (times: Float64Array): boolean => times.some((time) => !Number.isNaN(time))

/** What is left to move where stages are left out that the source never measured; remarks name the stages of one device alone. */
function withoutUnknownStages(
  table: StageTable,
  source: readonly Float64Array[],
  target: readonly Float64Array[]
): { table: StageTable; source: Float64Array[]; target: Float64Array[]; remarks: string[] } {
  const kept = table.stages.flatMap((_, stage) => (isMeasured(source[stage]) ? [stage] : []))
  const take = <T>(ofStages: readonly T[]): T[] => kept.map((stage) => ofStages[stage])
  const remarks = table.stages.flatMap((name, stage) => {
    if (!isMeasured(source[stage]))
      return [`Stage "${name}" was not measured on the source: it is left out, of the totals too.`]
    return isMeasured(target[stage])
      ? []
      : [`Stage "${name}" was not measured on the target: it is no part of any total.`]
  })
  return {
    table: { ...table, stages: take(table.stages), times: take(table.times) },
    source: take(source),
    target: take(target),
    remarks
  }
}

/** Two runs of a device never take the same times to the last digit: equal ones are one file given twice. */
function sameTimes(source: Float64Array[], target: Float64Array[]): string[] {
  let [shared, equal] = [0, 0]
  for (const [stage, times] of target.entries()) {
    for (const [row, time] of times.entries()) {
      if (Number.isNaN(time) || Number.isNaN(source[stage][row])) continue
      shared++
      if (time === source[stage][row]) equal++
    }
  }
  return shared > 0 && equal * 2 > shared
    ? [
        `${equal} of ${shared} times of the target are exactly those of the source: is it the same file? Errors of methods that start from the source say nothing then.`
      ]
    : []
}

function deviceOf(samples: readonly StageSample[]): string {
  return samples[0]?.device ?? samples[0]?.dataSet ?? ''
}

function deviceFact(device: string, role: string, remarks: string[]): DeviceFacts | null {
  const found = deviceFactsOf(device)
  remarks.push(
    found === null
      ? `The ${role} device "${device}" is not known: waves of tiles and the rate of its memory are left out. Name it with --${role}-device; known are ${knownDevices.join(', ')}.`
      : `The ${role} device is taken as "${device}" with ${found.multiprocessors} multiprocessors and memory of ${found.memoryGbPerSecond} GB/s${assumedText(found, role)}.`
  )
  return found
}

/** Rows of the source that are used to predict configurations it did not measure. */
const modelRows = 150

/** Fills in configurations that only the target measured by a model of the source. */
function completeSource(
  table: StageTable,
  source: Float64Array[],
  multiprocessors: number | null,
  remarks: string[]
): Float64Array[] {
  const rows = Array.from({ length: table.count }, (_, row) => row)
  const measured = (row: number): boolean => source.some((times) => !Number.isNaN(times[row]))
  const missing = Int32Array.from(rows.filter((row) => !measured(row)))
  if (missing.length === 0) return source
  const known = Int32Array.from(rows.filter(measured))
  remarks.push(
    `${missing.length} of ${table.count} configurations were not measured on the source: they are predicted.`
  )
  const present = source.map((times) => times.map((time, row) => (measured(row) ? time : 1)))
  const problem = transferProblem(table, present, source, {
    source: multiprocessors,
    target: multiprocessors
  })
  const drawn = createRandom(1).shuffle(known.slice()).slice(0, modelRows)
  const predicted = fitProcesses(problem, drawn, 'roofline', 1).predict(missing)
  return source.map((times, stage) => {
    const filled = times.slice()
    missing.forEach((row, at) => (filled[row] = predicted[stage][at]))
    return filled
  })
}

function assumedText({ assumed }: DeviceFacts, role: string): string {
  return assumed === null
    ? ''
    : `: ${assumed}, because the name does not say which; --${role}-device names another`
}
