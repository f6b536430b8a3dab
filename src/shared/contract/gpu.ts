import { z } from 'zod'
import { command, defineContract, done, nothing, originSchema, unreadableRowSchema } from './framework/define'
import { envelopeSchema, type Envelope } from './gpu/envelope'
import { meterAboutSchema, meterTextUnitsSchema } from './meter'
import { methodSchema, schemeSchema } from './model'

export { envelopeSchema, type Envelope }

/** Gpu: NVIDIA GPUs of this machine, live readings through nvidia-smi, and recordings of a command or a stretch of time. */

/** What is read of a GPU. Names end in their unit; `throttleMask` is nvidia-smi's bit field of clock event reasons. */
export const gpuMetrics = [
  'powerW',
  'powerInstantW',
  'powerAverageW',
  'smClockMhz',
  'memoryClockMhz',
  'utilizationPercent',
  'memoryUtilizationPercent',
  'memoryUsedBytes',
  'temperatureC',
  'memoryTemperatureC',
  'throttleMask'
] as const
export const gpuMetricSchema = z.enum(gpuMetrics)

/** What is read from a GPU beside its power. */
export type GpuMetric = z.infer<typeof gpuMetricSchema>

/** One metric on one GPU: which query field serves it, or why it cannot be had. Unavailable is never 0. */
export const gpuFieldSchema = z.object({
  metric: gpuMetricSchema,
  /** nvidia-smi query field, e.g. "power.draw.instant"; null when this driver knows none. */
  field: z.string().nullable(),
  supported: z.boolean(),
  /** The value read when the GPUs were listed. */
  value: z.number().nullable(),
  /** What nvidia-smi said instead of a value, e.g. "[N/A]". */
  reason: z.string().nullable()
})

/** A query field of nvidia-smi that this GPU has. */
export type GpuField = z.infer<typeof gpuFieldSchema>

export const gpuSensorSchema = z.object({
  /** Family of the published sensor model, e.g. "Ampere GA100"; null when the GPU is in no published table. */
  family: z.string().nullable(),
  updatePeriodMs: z.number().nullable(),
  averagingWindowMs: z.number().nullable(),
  /** Share of the run time that the sensor looks at, 0..1; null when unknown. */
  seenFraction: z.number().nullable(),
  /** published: this very GPU; sameArchitecture: taken over from a sibling; documented: NVIDIA's documentation alone; unknown. */
  basis: z.enum(['published', 'sameArchitecture', 'documented', 'unknown']),
  note: z.string(),
  source: z.string().nullable()
})

/** Timing of a GPU's power sensor. */
export type GpuSensor = z.infer<typeof gpuSensorSchema>

export const gpuSchema = z.object({
  index: z.number().int(),
  uuid: z.string().nullable(),
  name: z.string(),
  driverVersion: z.string(),
  memoryTotalBytes: z.number().nullable(),
  powerLimitW: z.number().nullable(),
  /** "00000000:01:00.0": by it, CUDA's devices are found among nvidia-smi's; null when not reported. */
  pciBusId: z.string().nullable(),
  /** Whether the card is cut into slices (MIG): its power is that of the whole card. Null where the GPU has no MIG. */
  migEnabled: z.boolean().nullable(),
  /** MIG devices as `nvidia-smi -L` lists them, e.g. profile "1g.5gb". */
  migDevices: z.array(z.object({ profile: z.string(), device: z.number().int(), uuid: z.string() })),
  fields: z.array(gpuFieldSchema),
  /** Query field that energy is computed from, e.g. "power.draw.instant"; null when the GPU reports no power. */
  powerField: z.string().nullable(),
  sensor: gpuSensorSchema
})

/** A GPU of this machine. */
export type Gpu = z.infer<typeof gpuSchema>

/** The absence of a driver is a state of the page and no error of the command. */
export const gpuListSchema = z.object({
  state: z.enum(['ready', 'noDriver', 'noGpu', 'failed']),
  nvidiaSmiPath: z.string().nullable(),
  /** simulated when something stands in for nvidia-smi (tests and demonstrations). */
  origin: originSchema,
  driverVersion: z.string().nullable(),
  gpus: z.array(gpuSchema),
  /** What is wrong and what to do, when state is not "ready". */
  message: z.string().nullable(),
  hint: z.string().nullable()
})

/** GPUs of this machine, or why none can be read. */
export type GpuList = z.infer<typeof gpuListSchema>

export const samplingStateSchema = z.object({
  state: z.enum(['stopped', 'starting', 'running', 'backingOff', 'failed']),
  intervalMs: z.number(),
  /** Samples per second and GPU over the last seconds; null before it is known. */
  achievedHz: z.number().nullable(),
  samples: z.number(),
  restarts: z.number(),
  gaps: z.number(),
  /** Lines of nvidia-smi that could not be read. */
  malformedLines: z.number(),
  /** Samples left out of the live event because the window did not keep up; recordings keep them. */
  dropped: z.number(),
  /** Set while a recording owns the sampler. */
  recordingId: z.string().nullable(),
  message: z.string().nullable(),
  hint: z.string().nullable()
})

/** State of live sampling. */
export type SamplingState = z.infer<typeof samplingStateSchema>

const readings = z.array(z.number().nullable())

/** A batch of live samples of one GPU as columns; all columns are as long as `tMs`. */
export const gpuBatchSchema = z.object({
  gpuIndex: z.number().int(),
  /** Unix time in ms on a steady clock: never jumps, whatever the wall clock of nvidia-smi does. */
  tMs: z.array(z.number()),
  metrics: z.partialRecord(gpuMetricSchema, readings)
})

/** Live samples of a GPU. */
export type GpuBatch = z.infer<typeof gpuBatchSchema>

export const hostLoadSchema = z.object({
  tMs: z.number(),
  cpuPercent: z.number().nullable(),
  memoryUsedBytes: z.number().nullable(),
  memoryTotalBytes: z.number().nullable()
})

/** Load of the host. */
export type HostLoad = z.infer<typeof hostLoadSchema>

/** A stretch of time for which readings are missing because nvidia-smi ended, hung or stalled. */
export const gapSchema = z.object({ fromMs: z.number(), toMs: z.number(), reason: z.string() })

/** A span without samples. */
export type Gap = z.infer<typeof gapSchema>

export const recordingStateSchema = z.enum([
  'running',
  'done',
  'commandFailed',
  'cancelled',
  'failed',
  'interrupted'
])

/** Whether an energy counter was read, and why not where it was not. */
export const counterStateSchema = z.object({
  state: z.enum(['read', 'unavailable']),
  /** What could not be done, e.g. "libnvidia-ml.so.1 is not on this machine"; null when read. */
  reason: z.string().nullable(),
  /** Where it was read: the library's or the folder's path. */
  source: z.string().nullable()
})

/** Whether an energy counter is read, and why not. */
export type CounterState = z.infer<typeof counterStateSchema>

/** A compute process that does not belong to the recorded command. */
export const gpuProcessSchema = z.object({
  gpuIndex: z.number().int(),
  pid: z.number().int(),
  name: z.string(),
  usedMemoryBytes: z.number().nullable(),
  seen: z.enum(['before', 'after'])
})

/** A process on a GPU that does not belong to the recording. */
export type GpuProcess = z.infer<typeof gpuProcessSchema>

export const clockLockSchema = z.object({
  smClockMhz: z.number(),
  /** False when nvidia-smi refused to give the clocks free again; `message` says so. */
  restored: z.boolean(),
  message: z.string().nullable(),
  /** True when an earlier recording left the clock locked and it could not be given back; `message` names that recording. */
  left: z.boolean().optional()
})

/** The clocks requested of a GPU, and the result. */
export type ClockLock = z.infer<typeof clockLockSchema>

export const measuredNetworkSchema = z.object({
  modelId: z.string(),
  boardId: z.string(),
  boardName: z.string(),
  scheme: schemeSchema,
  method: methodSchema,
  /** Energy of an inference as proxies of the board's energy predicted it, J; null without such proxies. */
  predictedJ: z.number().nullable(),
  /** Whether all phases were measured; false while they are, and where the recording was ended early. Absent in those of an older version. */
  complete: z.boolean().optional()
})

/** The network whose energy on a board a recording of a power meter measures. */
export type MeasuredNetwork = z.infer<typeof measuredNetworkSchema>

export const recordingSchema = z.object({
  id: z.string(),
  title: z.string(),
  state: recordingStateSchema,
  origin: originSchema,
  /** Argument array of the wrapped command; empty when only time was recorded. */
  command: z.array(z.string()),
  startedAtMs: z.number(),
  durationMs: z.number().nullable(),
  exitCode: z.number().nullable(),
  gpus: z.array(z.object({ index: z.number().int(), name: z.string(), uuid: z.string().nullable() })),
  driverVersion: z.string(),
  /** Field that power was read from, by GPU index in the order of `gpus`. */
  powerFields: z.array(z.string().nullable()),
  intervalMs: z.number(),
  askedHz: z.number(),
  /** Samples per second and GPU over the covered time; null when fewer than two samples came. */
  achievedHz: z.number().nullable(),
  samples: z.number(),
  restarts: z.number(),
  malformedLines: z.number(),
  temperatureBeforeC: z.array(z.number().nullable()),
  temperatureAfterC: z.array(z.number().nullable()),
  /** Enforced power limits in the order of `gpus`, W: readings far above them are not believed. */
  powerLimitsW: z.array(z.number().nullable()),
  idleMs: z.number(),
  /** Rest that was recorded after `durationMs`, for the baseline after the run. */
  idleAfterMs: z.number(),
  /** NVML's energy counter, read beside the power. */
  counter: counterStateSchema,
  /** Energy of the processor packages (RAPL). */
  cpuCounter: counterStateSchema,
  /** Processes that were on the GPUs before the command started or after it had ended. */
  strangers: z.array(gpuProcessSchema),
  /** Why such processes could not be looked for; null when they were. */
  strangersUnknown: z.string().nullable(),
  /** Clocks that were locked for the recording. */
  clockLock: clockLockSchema.nullable(),
  /** GPUs of the recording that are cut into MIG slices. */
  migGpus: z.array(z.number().int()),
  /** The power meter that the readings came from; absent for GPUs. */
  meter: meterAboutSchema.optional(),
  /** Absent where it is no measurement of a network's energy on a board, and in those of an older version. */
  network: measuredNetworkSchema.optional(),
  /** The campaign beside which a power meter was read; absent for other recordings. */
  campaignId: z.string().optional(),
  message: z.string().nullable()
})

/** A recording of GPUs. */
export type Recording = z.infer<typeof recordingSchema>

/** A phase as the command marked it. Several phases of one name are trials of the same thing. */
export const phaseMarkSchema = z.object({
  name: z.string(),
  trial: z.number().int(),
  /** ms since the recording's start. */
  fromMs: z.number(),
  toMs: z.number(),
  /** How often the work was repeated inside the phase, when the command reports it. */
  repetitions: z.number().nullable(),
  /** False when the command ended, or the phase began again, before its end was marked. */
  ended: z.boolean()
})

/** A phase of a recording, ms from its start. */
export type PhaseMark = z.infer<typeof phaseMarkSchema>

const intervalMs = z.number().int().min(10).max(60_000).default(100)
const recordingId = z.object({ id: z.string() })

export const gpuContract = defineContract({
  commands: {
    'gpu.list': command(z.object({ refresh: z.boolean().default(false) }), gpuListSchema),
    /** Starts (or restarts with another interval) the live sampler. Fails with gpu.noDriver where there is none. */
    'gpu.startSampling': command(
      z.object({ intervalMs, gpuIndexes: z.array(z.number().int().min(0)).optional() }),
      samplingStateSchema
    ),
    'gpu.stopSampling': command(nothing, samplingStateSchema),
    'gpu.samplingState': command(nothing, samplingStateSchema),
    /** The recent past of one live metric (about the last hour at 10 Hz), for a chart that opens late or zooms out. */
    'gpu.history': command(
      z.object({
        gpuIndex: z.number().int(),
        metric: gpuMetricSchema,
        lastMs: z.number().positive().default(60_000),
        buckets: z.number().int().min(1).max(4000).default(600)
      }),
      envelopeSchema
    ),
    /**
     * Starts a recording as a job. With `command` it ends with the command; without, after `durationMs` or
     * gpu.stopRecording. `idleMs` of rest before the command give the idle baseline.
     */
    'gpu.record': command(
      z.object({
        title: z.string().optional(),
        command: z.array(z.string()).default([]),
        cwd: z.string().optional(),
        durationMs: z.number().positive().optional(),
        intervalMs,
        idleMs: z.number().min(0).max(600_000).default(5_000),
        /** Rest after the command, for a second baseline. */
        idleAfterMs: z.number().min(0).max(600_000).default(2_000),
        /** Locks the SM clock of the GPUs for the recording (nvidia-smi -lgc; needs the right to do so), MHz. */
        lockClockMhz: z.number().int().positive().optional(),
        gpuIndexes: z.array(z.number().int().min(0)).optional()
      }),
      z.object({ jobId: z.string(), recordingId: z.string() })
    ),
    /** Ends a running recording regularly; what was taken is kept. */
    'gpu.stopRecording': command(recordingId, done),
    'gpu.recordings': command(
      nothing,
      z.object({ recordings: z.array(recordingSchema), unreadable: z.array(unreadableRowSchema) })
    ),
    'gpu.recording': command(
      recordingId,
      z.object({ recording: recordingSchema, phases: z.array(phaseMarkSchema), gaps: z.array(gapSchema) })
    ),
    /** One metric of a recording for a chart; times are ms since the recording's start. */
    'gpu.recordingTrace': command(
      z.object({
        id: z.string(),
        gpuIndex: z.number().int(),
        metric: gpuMetricSchema,
        fromMs: z.number().optional(),
        toMs: z.number().optional(),
        buckets: z.number().int().min(1).max(4000).default(1000)
      }),
      envelopeSchema
    ),
    /**
     * Writes FILE (samples with phase and host load), and beside it `<name>.phases.<ext>`; the ending .csv or
     * .parquet chooses the format.
     */
    'gpu.exportRecording': command(
      z.object({ id: z.string(), file: z.string().min(1) }),
      z.object({ files: z.array(z.object({ file: z.string(), rows: z.number() })) })
    ),
    /**
     * Takes a recording over from a file: our own export (CSV or Parquet, with its phases beside it), a log of nvidia-smi,
     * the log_file of Zeus's ZeusMonitor, CodeCarbon's emissions.csv, or lines time,current[,voltage] of a power meter.
     */
    'gpu.importRecording': command(
      z.object({
        file: z.string().min(1),
        title: z.string().optional(),
        /** Name of the GPU, where the file does not hold it: decides about the sensor. */
        gpuName: z.string().optional(),
        /** Lines of a power meter: supply voltage in V where they hold none, and units where the header names none. */
        meter: z
          .object({
            supplyV: z.number().positive().max(60).optional(),
            units: meterTextUnitsSchema.optional()
          })
          .optional()
      }),
      z.object({ recording: recordingSchema, notes: z.array(z.string()) })
    ),
    'gpu.deleteRecording': command(recordingId, done)
  },
  events: {
    /** At most about 10 a second, whatever the sampling rate. */
    /** `dropped`: readings left out of all events so far, a running total of this sampling. */
    'gpu.sampled': z.object({ sequence: z.number(), dropped: z.number(), batches: z.array(gpuBatchSchema) }),
    'gpu.hostLoad': hostLoadSchema,
    'gpu.samplingChanged': samplingStateSchema,
    'gpu.recordingChanged': recordingSchema,
    'gpu.recordingDeleted': recordingId,
    /** A phase began or ended in a running recording. */
    'gpu.phaseMarked': z.object({
      recordingId: z.string(),
      name: z.string(),
      state: z.enum(['begin', 'end']),
      atMs: z.number()
    }),
    /** What the wrapped command printed, for the window (bounded; the end is kept). */
    'gpu.commandOutput': z.object({
      recordingId: z.string(),
      stream: z.enum(['stdout', 'stderr']),
      text: z.string()
    })
  }
})
