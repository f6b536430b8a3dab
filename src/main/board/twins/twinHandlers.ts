import { twinCycleModel, twinMachine } from '../../../core/twin/twinMachine'
import type { MadeTwin, TwinRequest } from '../../../core/twin/makeTwin'
import type { TwinFirmware } from '../../../core/twin/monitorMachine'
import type { boardTwinCommands, Twin as TwinView } from '../../../shared/contract/board/boardTwin'
import type { HandlersOf } from '../../../shared/contract/framework/define'
import type { JobService } from '../../jobs/jobService'
import { twinId, type CatalogueTwin } from '../boardCatalogue'
import type { KeptTwin, TwinStore } from './twinStore'

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
    'board.fitTwin': async ({ name, rows, judge, seed, clockHz, isa }) => {
      const firmware = await deps.readFirmware()
      const request: TwinRequest = { rows, judge, seed, form: isa === null ? null : formOf(isa) }
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
          await twins.save({ name, made, clockHz, seed, madeAtMs: nowMs() })
          await deps.changed(twinId(name))
        }
      })
      return { jobId }
    },
    'board.twins': async () => ({ twins: (await twins.all()).map(viewTwin) })
  }
}

/** The board of a kept twin. */
export function twinBoard({ name, made, clockHz }: KeptTwin): CatalogueTwin {
  const identity = { name, coreName: `Twin of ${name}`, clockHz }
  const judged =
    made.heldOut === null ? '' : `, ${percent(made.heldOut.mean).toFixed(1)} % mean error on rows not seen`
  return {
    name,
    machine: twinMachine(identity, twinCycleModel(made.fitted), made.form),
    summary: `${structureText(made)}${judged}`
  }
}

function viewTwin({ name, made, madeAtMs, seed }: KeptTwin): TwinView {
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

/** Whether a core's kernels have two-byte instructions. */
function formOf(isa: string): TwinRequest['form'] {
  const [base = ''] = isa.toLowerCase().split('_')
  return base.slice(4).includes('c') ? 'rv32imc' : 'rv32im'
}

const percent = (share: number): number => 100 * share
const inPercent = ({ mean, max }: { mean: number; max: number }): { mean: number; max: number } => ({
  mean: percent(mean),
  max: percent(max)
})
