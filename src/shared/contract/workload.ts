import { z } from 'zod'
import { runStates } from '../vocabulary'
import { command, defineContract, nothing, originSchema } from './framework/define'
import { stepKindSchema } from './workload/workloadProtocol'
import {
  workloadPrecisionSchema,
  workloadTablesSchema,
  ablationKindSchema,
  taskMetricSchema
} from './workload/workloadRows'

/** Workload: a whole network on this machine's CPU or GPU: precisions, energy per layer, impact of layers on predictions. */

/** Which program runs the network. `command`: any program that speaks the protocol. */
export const runnerChoiceSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('onnx'),
    /** Shipped network by name, or an ONNX file. */
    model: z.string().min(1),
    /** Test set of an ONNX file (docs/workloads.md); a shipped network has its own. */
    dataset: z.string().optional(),
    /** Execution provider of onnxruntime; absent: cpu. */
    provider: z.string().optional(),
    /** Of an ONNX file: what its first output is judged by; absent: accuracy, or what the card says. */
    task: taskMetricSchema.optional(),
    /** Samples per forward pass, where the network leaves that open. */
    batch: z.number().int().min(1).max(4096).optional(),
    /** Test samples used at most. */
    samples: z.number().int().min(1).optional(),
    /** Processor threads of the runtime; absent: 1. */
    threads: z.number().int().min(1).max(256).optional(),
    /** JSON file with types of layers by regular expression of their names. */
    types: z.string().optional()
  }),
  z.object({
    /** The PyTorch runner (resources/runners/torch_runner.py), with an interpreter of the user's own. */
    kind: z.literal('torch'),
    /** FILE.py:FUNCTION that builds network, batches and task; or `model`. */
    entry: z.string().optional(),
    /** Name of a network of the transformers library, with `dataset`. */
    model: z.string().optional(),
    dataset: z.string().optional(),
    task: taskMetricSchema.optional(),
    /** Python interpreter; absent: BITBENCH_PYTHON, the active environment, python3, /usr/bin/python3. */
    python: z.string().optional(),
    /** e.g. "cuda:0"; absent: the first GPU that PyTorch sees, else cpu. */
    device: z.string().optional(),
    /** With `model`: tokens of a window of text, or of a padded sentence; absent: 128, or the network's positions if fewer. */
    window: z.number().int().min(2).max(1_048_576).optional(),
    samples: z.number().int().min(1).optional(),
    batch: z.number().int().min(1).max(4096).optional(),
    threads: z.number().int().min(1).max(256).optional(),
    /** JSON file with types of layers by regular expression of their names. */
    types: z.string().optional()
  }),
  z.object({
    kind: z.literal('command'),
    command: z.array(z.string()).min(1),
    /** Folder that the command runs in. */
    cwd: z.string().optional()
  })
])

/** Which runner runs a workload. */
export type RunnerChoice = z.infer<typeof runnerChoiceSchema>

export const workloadRequestSchema = z.object({
  runner: runnerChoiceSchema,
  /** Precisions to benchmark; empty: all that the runner offers. */
  precisions: z.array(workloadPrecisionSchema).default([]),
  ablations: z.array(ablationKindSchema).default(['mean']),
  /** Kinds of steps to do; empty: all. */
  kinds: z.array(stepKindSchema).default([]),
  /** Least duration of one timed phase; without it ten sensor windows with a GPU, and 200 ms without. */
  phaseMs: z.number().min(10).max(600_000).optional(),
  /** Trials of every timed step. */
  trials: z.number().int().min(2).max(50).default(4),
  /** Record power when a GPU (or its stand-in) is there. */
  power: z.boolean().default(true),
  /** Time between power samples, ms. */
  intervalMs: z.number().int().min(10).max(1000).default(20),
  /** Rest before the first step of a session, for the idle baseline, ms. */
  idleMs: z.number().min(0).max(600_000).default(3000),
  /** Longest wait before a timed trial for the GPU to cool down, ms; 0: none. */
  coolMs: z.number().min(0).max(600_000).default(10_000),
  /** Clock that the GPU's SMs are locked at meanwhile, MHz; it takes the right to. */
  lockClockMhz: z.number().int().min(1).max(10_000).optional(),
  confidence: z.number().min(0.5).max(0.999).default(0.95),
  seed: z.number().int().min(0).default(1)
})

/** A workload run to start. */
export type WorkloadRequest = z.infer<typeof workloadRequestSchema>

/** A step of the plan with how far it is. Timed steps are done when all their trials are. */
export const workloadStepSchema = z.object({
  id: z.string(),
  kind: stepKindSchema,
  trials: z.number().int(),
  trialsDone: z.number().int(),
  state: z.enum(['waiting', 'done', 'skipped', 'failed']),
  /** Guess for one trial, seconds. */
  seconds: z.number(),
  /** Why skipped or failed. */
  reason: z.string().nullable()
})

/** A step of a workload run with its state. */
export type WorkloadStep = z.infer<typeof workloadStepSchema>

/** What runs: from the runner's hello. */
export const workloadSubjectSchema = z.object({
  model: z.string(),
  runner: z.string(),
  runtime: z.string(),
  device: z.string(),
  deviceName: z.string().nullable(),
  threads: z.number().nullable(),
  task: taskMetricSchema,
  batch: z.number().int(),
  notes: z.array(z.string())
})

/** What ran: network, device, runtime. */
export type WorkloadSubject = z.infer<typeof workloadSubjectSchema>

/** Where power came from; null: no GPU, and every energy figure is unavailable. */
export const workloadPowerSchema = z.object({
  origin: originSchema,
  gpu: z.string(),
  driverVersion: z.string(),
  powerField: z.string().nullable()
})

export const workloadRunSchema = z.object({
  id: z.string(),
  jobId: z.string().nullable(),
  state: z.enum(runStates),
  startedAtMs: z.number(),
  finishedAtMs: z.number().nullable(),
  request: workloadRequestSchema,
  /** Hash of the ONNX file that runs, as networks are known by elsewhere; null for other runners and older runs. */
  contentId: z.string().nullable().default(null),
  /** Null until the runner has said hello. */
  subject: workloadSubjectSchema.nullable(),
  power: workloadPowerSchema.nullable(),
  /** One recording for each time that the run was started or resumed. */
  recordingIds: z.array(z.string()),
  steps: z.array(workloadStepSchema),
  /** Lines of the runner that were events of a later version. */
  unknownEvents: z.number().int(),
  /** From all finished steps; also while running and after a cancellation. */
  tables: workloadTablesSchema,
  message: z.string().nullable()
})

/** A workload run with its tables. */
export type WorkloadRun = z.infer<typeof workloadRunSchema>

/** Whether one thing that a run needs is there. */
export const workloadCheckSchema = z.object({
  name: z.string(),
  state: z.enum(['ok', 'missing', 'warning']),
  detail: z.string(),
  hint: z.string().nullable()
})

/** Name of the check of the GPU's power. */
export const gpuPowerCheck = 'GPU power'

/** A line of the check list. */
export type WorkloadCheck = z.infer<typeof workloadCheckSchema>

const runId = z.object({ id: z.string().min(1) })

export const workloadContract = defineContract({
  commands: {
    /** What is there to run on: runtime, providers, GPU, power, shipped networks. */
    'workload.check': command(
      nothing,
      z.object({
        checks: z.array(workloadCheckSchema),
        models: z.array(z.string()),
        providers: z.array(z.string())
      })
    ),
    'workload.start': command(workloadRequestSchema, z.object({ id: z.string(), jobId: z.string() })),
    /** Newest first, without tables. */
    'workload.list': command(nothing, z.object({ runs: z.array(workloadRunSchema.omit({ tables: true })) })),
    'workload.get': command(runId, z.object({ run: workloadRunSchema })),
    /** The figures of a run as it stands, and its findings as sentences; fewer while it runs. */
    'workload.figures': command(
      runId,
      z.object({
        findings: z.array(z.string()),
        figures: z.array(z.object({ name: z.string(), svg: z.string() }))
      })
    ),
    /**
     * Writes the three tables as CSV below FOLDER/<model>/; with `figures` also the merged table, every figure as SVG and
     * PNG, and FOLDER/report.html. `rows` is null for what is no table.
     */
    'workload.export': command(
      runId.extend({ folder: z.string().min(1), figures: z.boolean().default(false) }),
      z.object({ files: z.array(z.object({ file: z.string(), rows: z.number().nullable() })) })
    )
  },
  events: {
    /** A step ended, a table grew, or the state changed; without tables. */
    'workload.changed': workloadRunSchema.omit({ tables: true })
  }
})
