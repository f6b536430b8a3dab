import { countOf } from '../../shared/units'
import { AppError } from '../../shared/errors'
import type { FittedTwin, TwinRow } from './fittedTwin'
import { fitTwin, shuffledIndices, twinErrors, type TwinErrors } from './fitTwin'
import type { KernelEvents } from './events'
import { KernelCounter } from './kernelEvents'
import { benchOf, rowMacs, rowKey, type KernelRow } from './kernelRows'
import type { TwinFirmware } from './monitorMachine'
import { memoryShapes } from './structure'
import { codeForms, type CodeForm } from './twinMachine'

/**
 * Raised whenever what is counted of a kernel, or what a term of the model charges, changes: a twin fitted with another
 * version predicts other cycles than it was judged by, and has to be fitted again.
 */
export const twinModelVersion = 2

/** Rows to fit a twin to, and rows that judge it. */
export interface TwinRequest {
  rows: readonly KernelRow[]
  /** Rows that only judge; null: half of the rows, drawn by the seed, judge a fit on the other half. */
  judge: readonly KernelRow[] | null
  seed: number
  /** Null: the form that explains the rows better. */
  form: CodeForm | null
}

/** A fitted twin with its errors on seen and unseen rows. */
export interface MadeTwin {
  fitted: FittedTwin
  form: CodeForm
  /** On the rows of the twin that is kept. */
  fit: TwinErrors
  /** On rows that the judged fit has not seen; null when there are none. */
  heldOut: TwinErrors | null
  fitRows: number
  heldOutRows: number
  /** Rows whose instruction counts are not those of this product's kernels (another version measured them). */
  otherCodeRows: number
  /** `twinModelVersion` of the fit. */
  model: number
  /** Build of the kernels that were counted; null where an earlier version did not keep it. */
  kernelBuild: number | null
}

/** Fewer rows say nothing about a core. */
const minRows = 8
/** An expected error below this ends the search for the form of the code. */
const goodError = 0.02
/** Instructions per MAC may differ by so much between builds of the same kernels. */
const sameCodeShare = 0.01

/**
 * Makes a twin from rows of a board: counts what its kernels do on the simulator, fits the cycle model, and judges it on
 * rows it has not seen. `step` is called before each kernel and may throw to end the work.
 *
 * @throws input.invalid for too few rows, rows without cycles, shapes that are none
 */
export async function makeTwin(
  firmware: TwinFirmware,
  request: TwinRequest,
  step: (done: number, total: number, note: string) => Promise<void>
): Promise<MadeTwin> {
  checkRows(request)
  const forms = request.form === null ? codeForms : [request.form]
  let best: MadeTwin | null = null
  for (const [turn, form] of forms.entries()) {
    const counter = new RowCounter(firmware, form, async (done, total, note) =>
      step(turn * total + done, forms.length * total, note)
    )
    const rows = await counter.count([...request.rows, ...(request.judge ?? [])])
    const made = fitAndJudge(
      request,
      form,
      rows.slice(0, request.rows.length),
      rows.slice(request.rows.length)
    )
    made.otherCodeRows = counter.otherCodeRows
    made.kernelBuild = counter.kernelBuild
    if (best === null || made.fitted.expectedError < best.fitted.expectedError) best = made
    if (best.fitted.expectedError < goodError) break
  }
  return best!
}

function fitAndJudge(
  { rows, judge, seed }: TwinRequest,
  form: CodeForm,
  seen: TwinRow[],
  judging: TwinRow[]
): MadeTwin {
  const fitted = fitTwin(seen, seed)
  const result = {
    fitted,
    form,
    fit: twinErrors(fitted, seen),
    fitRows: seen.length,
    otherCodeRows: 0,
    model: twinModelVersion,
    kernelBuild: null
  }
  if (judge !== null) {
    const known = new Set(rows.map(rowKey))
    const unseen = judging.filter((_, index) => !known.has(rowKey(judge[index])))
    const heldOut = unseen.length === 0 ? null : twinErrors(fitted, unseen)
    return { ...result, heldOut, heldOutRows: unseen.length }
  }
  const order = shuffledIndices(seen.length, seed)
  const half = order.length >> 1
  const judged = fitTwin(
    order.slice(0, half).map((index) => seen[index]),
    seed
  )
  const unseen = order.slice(half).map((index) => seen[index])
  return { ...result, heldOut: twinErrors(judged, unseen), heldOutRows: unseen.length }
}

/** Counts the kernels of rows, each once. */
class RowCounter {
  otherCodeRows = 0
  private readonly counter: KernelCounter
  private readonly counted = new Map<string, KernelEvents>()

  constructor(
    firmware: TwinFirmware,
    form: CodeForm,
    private readonly step: (done: number, total: number, note: string) => Promise<void>
  ) {
    this.counter = new KernelCounter(firmware, form, memoryShapes)
  }

  get kernelBuild(): number {
    return this.counter.buildId
  }

  async count(rows: readonly KernelRow[]): Promise<TwinRow[]> {
    const counted: TwinRow[] = []
    for (const [index, row] of rows.entries()) {
      await this.step(index, rows.length, rowKey(row))
      counted.push(this.twinRow(row))
    }
    return counted
  }

  private twinRow(row: KernelRow): TwinRow {
    const key = rowKey(row)
    const events = this.counted.get(key) ?? this.counter.count(benchOf(row))
    this.counted.set(key, events)
    const macs = rowMacs(row)
    const ratio = row.instructionsPerMac ? (row.instructionsPerMac * macs) / events.instructions : 1
    const isOther = Math.abs(ratio - 1) > sameCodeShare
    if (isOther) this.otherCodeRows++
    // Other code of the same kernel: the nearest thing is its mix of instructions, as many as the board ran.
    return { macs: isOther ? macs / ratio : macs, cyclesPerMac: row.cyclesPerMac!, events }
  }
}

function checkRows({ rows, judge }: TwinRequest): void {
  for (const row of [...rows, ...(judge ?? [])]) {
    benchOf(row)
    if (row.cyclesPerMac !== null && row.cyclesPerMac > 0) continue
    throw new AppError(
      'input.invalid',
      `The row ${rowKey(row)} has no cycles.`,
      'A twin needs rows of a board that counts cycles; QEMU and boards without a counter do not.'
    )
  }
  const distinct = new Set(rows.map(rowKey)).size
  if (distinct >= minRows) return
  throw new AppError(
    'input.invalid',
    `${countOf(distinct, 'row')} ${distinct === 1 ? 'is' : 'are'} too few for a twin; it needs ${minRows}.`,
    'Measure more bit pairs or shapes: bitbench bench kernels --board BOARD --json'
  )
}
