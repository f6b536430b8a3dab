import { z } from 'zod'
import { command, defineContract, originSchema } from './framework/define'
import { appErrorSchema } from './job'
import { clockLockSchema, counterStateSchema, gpuProcessSchema, gpuSensorSchema } from './gpu'

/** Energy: what the power readings of a recording amount to, per phase, with its doubts stated. */
export const phaseEnergySchema = z.object({
  name: z.string(),
  trial: z.number().int(),
  gpuIndex: z.number().int(),
  /** ms since the recording's start. */
  fromMs: z.number(),
  toMs: z.number(),
  durationMs: z.number(),
  /** Time that readings cover; the rest fell into gaps and is in no figure. */
  coveredMs: z.number(),
  gapCount: z.number(),
  samples: z.number(),
  achievedHz: z.number().nullable(),
  /** Distinct power values read; a sensor that hardly moves says little. */
  uniqueValues: z.number(),
  /** Changes of the reading: a lower bound of how often the sensor was refreshed. */
  sensorUpdates: z.number(),
  totalJ: z.number().nullable(),
  /** Idle power x covered time; null when no idle baseline was taken. */
  idleJ: z.number().nullable(),
  /** total - idle. */
  netJ: z.number().nullable(),
  meanW: z.number().nullable(),
  peakW: z.number().nullable(),
  /** Mean after the sensor's rise at the start of the phase was left out; null when nothing is left. */
  settledMeanW: z.number().nullable(),
  repetitions: z.number().nullable(),
  totalPerRepetitionJ: z.number().nullable(),
  netPerRepetitionJ: z.number().nullable(),
  /** What NVML's energy counter moved by; null when it was not read or does not cover the phase. */
  counterJ: z.number().nullable(),
  /** (counter - integral) / integral; null when either is missing. */
  counterDifference: z.number().nullable(),
  /** Readings left out because no such power can have been drawn. */
  implausible: z.number(),
  /** Share of the readings with a clock limit that falsifies the work: heat, hardware slowdown, power brake; null unknown. */
  throttledFraction: z.number().nullable(),
  /** Share of the readings at the power limit: the clocks are then the limit's choice; null unknown. */
  powerCappedFraction: z.number().nullable(),
  /** energy.tooShort and its kin: why this phase alone proves little. */
  flags: z.array(appErrorSchema)
})

/** Energy of a phase, with its verdict. */
export type PhaseEnergy = z.infer<typeof phaseEnergySchema>

/** A mean over trials with its two-sided confidence interval (Student t). */
export const intervalSchema = z.object({
  mean: z.number(),
  low: z.number(),
  high: z.number(),
  standardDeviation: z.number(),
  trials: z.number()
})

/** A value with its confidence interval. */
export type Interval = z.infer<typeof intervalSchema>

export const trialSummarySchema = z.object({
  name: z.string(),
  gpuIndex: z.number().int(),
  trials: z.number(),
  /** Per repetition where every trial reports its repetitions, else per trial. */
  per: z.enum(['trial', 'repetition']),
  totalJ: intervalSchema.nullable(),
  netJ: intervalSchema.nullable(),
  meanW: intervalSchema.nullable(),
  durationMs: intervalSchema.nullable(),
  /** Standard deviation of the total energy over trials by its mean. */
  spread: z.number().nullable(),
  verdict: z.enum(['VALID', 'INVALID']),
  /** Why INVALID, each with what to do. Empty when VALID. */
  reasons: z.array(z.object({ message: z.string(), hint: z.string() })),
  /** What is good to know and no reason to reject the figures. */
  notes: z.array(z.string())
})

/** Energy of a phase over its trials. */
export type TrialSummary = z.infer<typeof trialSummarySchema>

export const idleBaselineSchema = z.object({
  gpuIndex: z.number().int(),
  powerW: z.number().nullable(),
  standardDeviationW: z.number().nullable(),
  samples: z.number(),
  fromMs: z.number(),
  toMs: z.number(),
  /** rest: the stretch before the command; phase: a phase named "idle"; after: the rest behind it; none: not taken. */
  basis: z.enum(['rest', 'phase', 'after', 'none'])
})

/** Power at rest. */
export type IdleBaseline = z.infer<typeof idleBaselineSchema>

export const energyReportSchema = z.object({
  recordingId: z.string(),
  origin: originSchema,
  confidence: z.number(),
  driverVersion: z.string(),
  gpus: z.array(
    z.object({
      gpuIndex: z.number().int(),
      name: z.string(),
      powerField: z.string().nullable(),
      sensor: gpuSensorSchema,
      askedHz: z.number(),
      achievedHz: z.number().nullable(),
      temperatureBeforeC: z.number().nullable(),
      temperatureAfterC: z.number().nullable(),
      idle: idleBaselineSchema,
      /** Rest after the command: a warm GPU draws more than a cold one. */
      idleAfter: idleBaselineSchema,
      counter: counterStateSchema,
      strangers: z.array(gpuProcessSchema)
    })
  ),
  clockLock: clockLockSchema.nullable(),
  /** Energy of the processor packages per phase (RAPL), in the order of `phases` of the first GPU. */
  cpu: z.object({
    counter: counterStateSchema,
    zones: z.array(
      z.object({
        name: z.string(),
        phases: z.array(
          z.object({ name: z.string(), trial: z.number().int(), energyJ: z.number().nullable() })
        )
      })
    )
  }),
  /** The whole command counts as the phase "(whole)". */
  phases: z.array(phaseEnergySchema),
  summaries: z.array(trialSummarySchema)
})

/** Energy of a recording. */
export type EnergyReport = z.infer<typeof energyReportSchema>

/** Power over a stretch of one GPU of a recording, from every reading; null where the stretch holds none. */
export const powerStretchSchema = z.object({
  /** ms since the recording's start. */
  fromMs: z.number(),
  toMs: z.number(),
  durationMs: z.number(),
  /** Time that readings cover; the rest fell into gaps and is in no figure. */
  coveredMs: z.number(),
  gapCount: z.number(),
  samples: z.number(),
  /** Readings left out because no such power can have been drawn. */
  implausible: z.number(),
  /** Integral over the covered time. */
  totalJ: z.number().nullable(),
  /** Mean over the covered time. */
  meanW: z.number().nullable(),
  /** Least and greatest power of the straight lines between readings, ends interpolated. */
  minW: z.number().nullable(),
  maxW: z.number().nullable(),
  /** Power at the end minus power at the beginning, both interpolated. */
  deltaW: z.number().nullable()
})

/** Power over a stretch of a recording. */
export type PowerStretch = z.infer<typeof powerStretchSchema>

export const energyContract = defineContract({
  commands: {
    /** Of a stretch that no phase marks, such as what is selected in a trace: measured as phases are. */
    'energy.stretch': command(
      z.object({ recordingId: z.string(), gpuIndex: z.number().int(), fromMs: z.number(), toMs: z.number() }),
      powerStretchSchema
    ),
    'energy.report': command(
      z.object({
        recordingId: z.string(),
        /** Of the intervals over trials. */
        confidence: z.number().min(0.5).max(0.999).default(0.95)
      }),
      energyReportSchema
    )
  },
  events: {}
})
