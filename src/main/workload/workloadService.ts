import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type { GpuList } from '../../shared/contract/gpu'
import type {
  RunnerChoice,
  workloadContract,
  WorkloadRequest,
  WorkloadRun
} from '../../shared/contract/workload'
import type { Variant } from '../../shared/contract/workload/workloadEvidence'
import { AppError } from '../../shared/errors'
import type { JobContext, JobService } from '../jobs/jobService'
import { modelEnding } from '../../core/model/modelEnding'
import { createRunKeeper, type RunDescription, type RunKeeper, type RunKind } from '../runs/runKeeper'
import type { RunLabels } from '../runs/runLabels'
import { createRecordTable, type RecordTable } from '../store/recordTable'
import type { Store } from '../store/store'
import type { CompareTask } from './compareFiles'
import { conduct } from './measure/conductor'
import { outcomeOf, stepsToResume } from './measure/outcome'
import { exportTables } from './report/exportTables'
import { exportFigures, presentFigures } from './report/runFigures'
import type { EnergyOf, PowerSource } from './measure/powerSource'
import { onnxFileOf, runnerCommand } from './process/runnerCommand'
import { tryProviders } from './process/providers'
import { findTorchPython } from './process/pythonInterpreter'
import type { RunnerCommand, SpawnRunner } from './process/runnerProcess'
import { requireSameNetwork, type NetworkContent } from './sameNetwork'
import { openStageRunner, type StageRunner } from './process/stageRunner'
import { torchFacts } from './process/torchFacts'
import { checkWorkloads } from './process/workloadCheck'
import { newRecord, runOf, workloadRecordSchema, type WorkloadRecord } from './workloadRecord'

/** Workload runs as stored, resumable runs. */
export interface WorkloadService {
  handlers: HandlersOf<typeof workloadContract>
  runs: RunKind
  /** Runners that measure latency by stage, for the estimators. */
  stages: {
    /** @throws what is wrong with the choice, without starting its runner */
    check(choice: RunnerChoice, id: string): Promise<void>
    /** `id` names a folder for large files, which is removed at the end. */
    open(choice: RunnerChoice, id: string, signal: AbortSignal): Promise<StageRunner>
  }
}

/** What the workload service is made from. */
export interface WorkloadServiceDeps extends NetworkContent {
  store: Pick<Store, 'run' | 'all'>
  labels: RunLabels
  jobs: JobService
  emit: EmitterOf<typeof workloadContract>
  spawn: SpawnRunner
  compare(task: CompareTask): Promise<Variant>
  power: PowerSource
  gpus(): Promise<GpuList>
  energyOf: EnergyOf
  /** The same of a recording that is still running. */
  energySoFar: EnergyOf
  /** The PyTorch runner's file. */
  torchRunnerFile: string
  runnerFile: string
  /** Holds the large files of runs while they run. */
  scratchFolder: string
  nowMs: () => number
  newId: () => string
}

/** Returns the service of workload runs: stored, resumable, one job each. */
export function createWorkloadService(deps: WorkloadServiceDeps): WorkloadService {
  const { jobs, labels, nowMs, newId, scratchFolder } = deps
  const table = createRecordTable<WorkloadRecord>(deps.store, {
    table: 'workload_run',
    schema: workloadRecordSchema
  })
  const runs = createRunKeeper<WorkloadRecord>({
    ...{ kind: 'workload', noun: 'workload run', jobs, labels, table },
    describe: describeRun,
    begin: (record) => {
      const steps = stepsToResume(record.steps)
      return begin({ ...record, steps, state: 'running', finishedAtMs: null, message: null })
    }
  })

  const commandOf = (choice: RunnerChoice, id: string): Promise<RunnerCommand> =>
    runnerCommand(choice, { ...deps, scratch: path.join(scratchFolder, id) })
  const begin = async (record: WorkloadRecord): Promise<{ jobId: string }> => {
    const { jobId } = runs.launch(record, {
      ...{ kind: 'workload.start', title: titleOf(record), unit: 'trials' },
      run: (context) => runStored(record, context, deps, runs, table)
    })
    record.jobId = jobId
    await table.save(record)
    return { jobId }
  }

  const start = async (request: WorkloadRequest): Promise<{ id: string; jobId: string }> => {
    const id = newId()
    // A wrong path fails the command, not the job.
    await commandOf(request.runner, id)
    const file = onnxFileOf(request.runner, deps.networksFolder)
    const contentId = file === null ? null : await deps.contentId(file)
    const { jobId } = await begin(newRecord(id, request, contentId, nowMs()))
    return { id, jobId }
  }

  return {
    runs,
    stages: {
      check: async (choice, id) => void (await commandOf(choice, id)),
      open: (choice, id, signal) =>
        openStages(deps.spawn, path.join(scratchFolder, id), () => commandOf(choice, id), signal)
    },
    handlers: {
      'workload.check': async () =>
        await checkWorkloads({
          networksFolder: deps.networksFolder,
          gpus: await deps.gpus(),
          others: () => deps.power.others(),
          providers: () => tryProviders(deps.spawn, deps.runnerFile),
          findPython: () => findTorchPython(deps.spawn, undefined, process.env),
          torchFacts: (python) => torchFacts(deps.spawn, python),
          isAdministrator: process.getuid === undefined ? null : process.getuid() === 0
        }),
      'workload.start': start,
      'workload.list': async () => ({ runs: (await runs.list()).map(withoutTables) }),
      'workload.get': async ({ id }) => ({ run: runOf(await runs.find(id)) }),
      'workload.figures': async ({ id }) => presentFigures(runOf(await runs.find(id))),
      'workload.export': async ({ id, folder, figures }) => {
        const found = runOf(await runs.find(id))
        const files = await exportTables(found, folder)
        return { files: figures ? [...files, ...(await exportFigures(found, folder))] : files }
      }
    }
  }
}

/** Conducts a run to its end and stores what became of it. */
async function runStored(
  record: WorkloadRecord,
  { signal, progress }: JobContext,
  deps: WorkloadServiceDeps,
  runs: Pick<RunKeeper<WorkloadRecord>, 'present' | 'ended'>,
  table: Pick<RecordTable<WorkloadRecord>, 'save'>
): Promise<void> {
  const scratch = path.join(deps.scratchFolder, record.id)
  const changed = async (): Promise<void> => {
    await table.save(record)
    deps.emit('workload.changed', withoutTables(runs.present(record)))
  }
  try {
    await requireSameNetwork(record, deps)
    await mkdir(scratch, { recursive: true })
    await conduct(record, {
      spawn: deps.spawn,
      command: await runnerCommand(record.request.runner, { ...deps, scratch }),
      power: deps.power,
      energyOf: deps.energyOf,
      energySoFar: deps.energySoFar,
      compare: deps.compare,
      ...{ changed, signal, progress },
      onOutput: () => undefined
    })
    record.message = outcomeOf(record.steps)
    record.state = 'done'
  } catch (cause) {
    record.state = signal.aborted ? 'cancelled' : 'failed'
    record.message = signal.aborted ? 'Cancelled; finished steps are kept.' : withHint(AppError.from(cause))
    throw cause
  } finally {
    record.finishedAtMs = deps.nowMs()
    // Predictions are large, and the original is run again after a resume.
    await rm(scratch, { recursive: true, force: true })
    runs.ended(record.id)
    await changed()
  }
}

/** The record keeps one text: what to do belongs to what went wrong. */
const withHint = ({ message, hint }: AppError): string => `${message} ${hint}`.trimEnd()

/** A runner that measures by stage; `scratch` holds its large files and is removed with it. */
async function openStages(
  spawn: SpawnRunner,
  scratch: string,
  command: () => Promise<RunnerCommand>,
  signal: AbortSignal
): Promise<StageRunner> {
  const clear = (): Promise<void> => rm(scratch, { recursive: true, force: true })
  await mkdir(scratch, { recursive: true })
  try {
    const runner = await openStageRunner(spawn, await command(), signal)
    return { ...runner, stop: (graceMs) => runner.stop(graceMs).finally(clear) }
  } catch (cause) {
    await clear()
    throw cause
  }
}

function describeRun(record: WorkloadRecord): RunDescription {
  return {
    title: titleOf(record),
    detail: detailOf(record),
    finishedAtMs: record.finishedAtMs,
    model: record.subject?.model ?? null,
    board: record.power?.gpu ?? record.subject?.deviceName ?? null,
    dataSet: dataSetOf(record)
  }
}

function withoutTables(record: WorkloadRecord): Omit<WorkloadRun, 'tables'> {
  const { evidence: _evidence, ...rest } = record
  return structuredClone(rest)
}

function titleOf({ request, subject }: WorkloadRecord): string {
  const { runner } = request
  const model =
    subject?.model ??
    (runner.kind === 'onnx'
      ? path.basename(runner.model).replace(modelEnding, '')
      : runner.kind === 'torch'
        ? (runner.model ?? runner.entry ?? 'network')
        : runner.command[0])
  return `Workload ${model}`
}

/** The test set, where the run names one; shipped networks have their own. */
function dataSetOf({ request: { runner } }: WorkloadRecord): string | null {
  return runner.kind === 'command' || runner.dataset === undefined ? null : path.basename(runner.dataset)
}

function detailOf({ steps, power }: WorkloadRecord): string {
  const done = steps.filter(({ state }) => state === 'done').length
  return `${done} of ${steps.length} steps, ${power === null ? 'time alone' : `power of ${power.gpu}`}`
}
