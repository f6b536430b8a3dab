import { formatPercent } from '../../../shared/units'
import { splitIsa } from '../../../core/board/isaParts'
import { twinCycleModel, twinMachine } from '../../../core/twin/twinMachine'
import { twinModelVersion, type MadeTwin, type TwinRequest } from '../../../core/twin/makeTwin'
import type { TwinFirmware } from '../../../core/twin/monitorMachine'
import type { boardTwinCommands, Twin as TwinView } from '../../../shared/contract/board/boardTwin'
import type { HandlersOf } from '../../../shared/contract/framework/define'
import { AppError } from '../../../shared/errors'
import type { JobService } from '../../jobs/jobService'
import { twinId, type CatalogueTwin } from '../boardCatalogue'
import type { KeptTwin, MeasuredRows, TwinStore } from './twinStore'

/** Makes a twin off the main thread. */
export type MakeTwin = (
  input: { firmware: TwinFirmware; request: TwinRequest },
  options: { signal: AbortSignal; onProgress: (done: number, total: number, note: string) => void }
) => Promise<MadeTwin>

/** `board.fitTwin` as a Job, and the list of twins. */
export function createTwinHandlers(deps: {
  twins: TwinStore
  readFirmware: () => Promise<TwinFirmware>
  makeTwin: MakeTwin
  jobs: JobService
  nowMs: () => number
  /** Called when a twin is new or another: the boards are listed again. */
  changed: (id: string) => Promise<void>
}): HandlersOf<{ commands: typeof boardTwinCommands; events: Record<never, never> }> {
  const { twins, jobs, nowMs } = deps
  return {
    'board.fitTwin': async ({ name, rows, judge, seed, clockHz: givenHz, isa }) => {
      const { measured, clockHz } =
        rows === null
          ? await keptRows(twins, name, { judge, isa, clockHz: givenHz })
          : { measured: { rows, judge, form: isa === null ? null : formOf(isa) }, clockHz: givenHz }
      const firmware = await deps.readFirmware()
      const request: TwinRequest = { ...measured, seed }
      const { jobId } = jobs.start({
        kind: 'board.fitTwin',
        title: `Fit the twin ${name}`,
        unit: 'kernels',
        run: async (context) => {
          const made = await deps.makeTwin(
            { firmware, request },
            {
              signal: context.signal,
              onProgress: (done, total, note) => context.progress(done, total, note)
            }
          )
          await twins.save({ name, made, measured, clockHz, seed, madeAtMs: nowMs() })
          await deps.changed(twinId(name))
        }
      })
      return { jobId }
    },
    'board.twins': async () => ({ twins: (await twins.all()).map(viewTwin) })
  }
}

/**
 * What the twin of that name was fitted to; `clockHz` replaces its clock where given.
 *
 * @throws input.notFound; input.invalid where a judge or an ISA is given, which would not be those of the rows
 */
async function keptRows(
  twins: TwinStore,
  name: string,
  given: { judge: unknown; isa: string | null; clockHz: number | null }
): Promise<{ measured: MeasuredRows; clockHz: number | null }> {
  if (given.judge !== null || given.isa !== null)
    throw new AppError(
      'input.invalid',
      `The twin ${name} keeps its judge and its ISA.`,
      'Give its rows again together with another judge or ISA.'
    )
  const twin = (await twins.all()).find((one) => one.name === name)
  if (twin?.measured != null) return { measured: twin.measured, clockHz: given.clockHz ?? twin.clockHz }
  throw new AppError(
    'input.notFound',
    twin === undefined ? `There is no twin ${name}.` : `The rows of the twin ${name} were not kept.`,
    `Give them: bitbench board twin ROWS.json --name ${name}`
  )
}

/** Why a twin cannot be used, with what to do; null when it can. */
function outdatedText({ name, made, measured }: KeptTwin): string | null {
  if (made.model === twinModelVersion) return null
  const source = measured === null ? `ROWS.json --name ${name}` : twinId(name)
  return `Fitted by a version of Bitbench that counted otherwise. Fit it again: bitbench board twin ${source}`
}

/** The board of a kept twin. */
export function twinBoard(twin: KeptTwin): CatalogueTwin {
  const { name, made, clockHz } = twin
  const identity = { name, coreName: `Twin of ${name}`, clockHz }
  const judged =
    made.heldOut === null ? '' : `, ${formatPercent(made.heldOut.mean)} mean error on rows not seen`
  return {
    name,
    machine: twinMachine(identity, twinCycleModel(made.fitted), made.form),
    summary: `${structureText(made)}${judged}`,
    outdated: outdatedText(twin)
  }
}

function viewTwin(twin: KeptTwin): TwinView {
  const { name, made, madeAtMs, seed } = twin
  const { fit, heldOut, fitRows, heldOutRows, otherCodeRows, fitted } = made
  return {
    id: twinId(name),
    name,
    madeAtMs,
    fit: inPercent(fit),
    heldOut: heldOut && inPercent(heldOut),
    fitRows,
    heldOutRows,
    otherCodeRows,
    kernelBuild: made.kernelBuild,
    outdated: outdatedText(twin),
    seed,
    structure: structureText(made),
    cycles: fitted.cycles
  }
}

function structureText({ fitted: { structure }, form }: MadeTwin): string {
  const { family, memory, shifter } = structure
  const core = family === 'pipeline' ? 'pipelined core' : 'multi-cycle core'
  const shifts =
    shifter === 'barrel'
      ? 'barrel shifter'
      : `shifter of ${shifter === 'step1' ? 'one bit' : 'four bits'} a step`
  return `${core}, ${memory}, ${shifts}, ${form}`
}

/**
 * Whether a core's kernels have two-byte instructions.
 *
 * @throws input.unsupported for a core whose kernels use packed dot products: a twin's monitor has none of these
 */
function formOf(isa: string): TwinRequest['form'] {
  const { letters, extensions } = splitIsa(isa)
  const unit = extensions.find((extension) => extension === 'xbb' || extension === 'xbbcfu')
  if (unit !== undefined)
    throw new AppError(
      'input.unsupported',
      `These rows are of kernels with packed dot products (${unit} in ${isa}), and the monitor of a twin has kernels without.`,
      'Measure the board with a monitor whose kernels do not use the unit (LiteX: without xbbcfu in the description); the core of resources/rtl has virtual:rtl-xbb.'
    )
  return letters.includes('c') ? 'rv32imc' : 'rv32im'
}

const percent = (share: number): number => 100 * share
const inPercent = ({ mean, max }: { mean: number; max: number }): { mean: number; max: number } => ({
  mean: percent(mean),
  max: percent(max)
})
