import { z } from 'zod'
import { command, defineContract, nothing, originSchema } from './framework/define'
import { envelopeSchema } from './gpu/envelope'

/** Meter: a power meter beside a board, as an instrument. Its recordings are those of the gpu noun. */
export const meterKinds = ['text', 'ppk2'] as const

/** text: lines `time,current[,voltage]`; ppk2: Nordic Power Profiler Kit II. */
export const meterKindSchema = z.enum(meterKinds)

/** Kind of a power meter. */
export type MeterKind = z.infer<typeof meterKindSchema>

/** Units of the lines of a text meter, where its header does not name them. */
export const meterTextUnitsSchema = z.object({
  time: z.enum(['s', 'ms', 'us']).default('ms'),
  current: z.enum(['a', 'ma', 'ua', 'na']).default('a'),
  voltage: z.enum(['v', 'mv', 'uv']).default('v')
})

/** Units of a text meter. */
export type MeterTextUnits = z.infer<typeof meterTextUnitsSchema>

/** What is known of the meter that a recording was made with. */
export const meterAboutSchema = z.object({
  kind: meterKindSchema,
  /** Port or file that the readings came from. */
  source: z.string(),
  /** Supply voltage that the current was multiplied by, V; null where every reading has its own. */
  supplyV: z.number().nullable(),
  /** Readings of the meter; several may be averaged into one stored reading. */
  readings: z.number(),
  /** Readings that never arrived, by the meter's counter; null where it has none. */
  lost: z.number().nullable(),
  /** Time that one stored reading averages over, ms; null where readings are stored as they came. */
  binMs: z.number().nullable(),
  /** The first lines that were no reading, with the reason. */
  badLines: z.array(z.string()),
  notes: z.array(z.string())
})

/** A power meter of a recording. */
export type MeterAbout = z.infer<typeof meterAboutSchema>

/** Port of the simulated PPK2, which measures virtual boards. */
export const virtualPpk2Port = 'virtual:ppk2'

/** Which meter, where it is, and how it is set up. */
export const meterSetupSchema = z.object({
  /** Serial port, pty, tcp://HOST:PORT, or `virtual:ppk2` for the simulated one. */
  port: z.string().min(1),
  kind: meterKindSchema.default('text'),
  baudRate: z.number().int().min(50).max(12_000_000).default(115_200),
  /** Supply voltage of the board, V. */
  supplyV: z.number().positive().max(60).optional(),
  units: meterTextUnitsSchema.default({ time: 'ms', current: 'a', voltage: 'v' }),
  /** PPK2: ampere meter in a supply of others, or supply and meter in one. */
  mode: z.enum(['ampere', 'source']).default('ampere'),
  /** PPK2: digital inputs whose high time is a phase (D0 to D7). */
  inputs: z.array(z.number().int().min(0).max(7)).default([]),
  /** PPK2: readings are averaged over this long, ms. */
  binMs: z.number().min(0.05).max(100).default(1)
})

/** Which meter, and its set-up. */
export type MeterSetup = z.infer<typeof meterSetupSchema>

/** A power meter that is read now, or was read last: what a window shows of it while it runs. Nothing of it is stored. */
export const liveMeterSchema = z.object({
  id: z.string(),
  /** Kind and port. */
  name: z.string(),
  origin: originSchema,
  state: z.enum(['running', 'ended', 'failed']),
  /** Voltage that every reading's current was multiplied by, V; null where lines may hold their own. */
  supplyV: z.number().nullable(),
  /** The recording that keeps the readings; null where they are only integrated or looked at. */
  recordingId: z.string().nullable(),
  /** Unix time of the first reading, ms; null before it. */
  startedAtMs: z.number().nullable(),
  /** Time of the newest reading since the first one, ms. */
  lastMs: z.number(),
  /** Shortest buckets of its trace, ms. */
  stepMs: z.number(),
  /** Readings of the meter, and those that never arrived; null where it has no counter of them. */
  readings: z.number(),
  lost: z.number().nullable(),
  gaps: z.number(),
  /** Mean power of the newest tenth of a second, W; null where nothing was read in it. */
  powerW: z.number().nullable(),
  /** Why it failed, and what to do. */
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable()
})

/** A power meter that is read now or was read last. */
export type LiveMeter = z.infer<typeof liveMeterSchema>

/** What was done while a meter was read, ms since its first reading; toMs null: it goes on. */
export const meteredPhaseSchema = z.object({
  name: z.string(),
  fromMs: z.number(),
  toMs: z.number().nullable()
})

/** A stretch of work beside a meter. */
export type LivePhaseOfMeter = z.infer<typeof meteredPhaseSchema>

export const meterContract = defineContract({
  commands: {
    /** Reads a meter for a while without storing anything. */
    'meter.read': command(
      meterSetupSchema.extend({ durationMs: z.number().min(50).max(60_000).default(1_000) }),
      z.object({
        readings: z.number(),
        /** Between the first and the last reading. */
        meanW: z.number(),
        minW: z.number(),
        maxW: z.number(),
        achievedHz: z.number().nullable(),
        malformedLines: z.number(),
        about: meterAboutSchema
      })
    ),
    /** Meters that are read now, and the one that was read last, newest first. */
    'meter.live': command(nothing, z.object({ meters: z.array(liveMeterSchema) })),
    /**
     * Power of a live meter by buckets, each as short as it is still kept (memory does not grow: what is older is kept more
     * coarsely; the recording keeps all of it), and what was done meanwhile. Times are ms since its first reading.
     */
    'meter.trace': command(
      z.object({
        id: z.string(),
        fromMs: z.number().default(0),
        toMs: z.number().optional(),
        buckets: z.number().int().min(1).max(4000).default(1000)
      }),
      z.object({ envelope: envelopeSchema, phases: z.array(meteredPhaseSchema) })
    ),
    /**
     * Starts a recording as a job; gpu.recordings lists it, energy.report judges it and gpu.stopRecording ends it. With
     * `command` it ends with the command, whose lines `{"event":"phase",…}` mark phases.
     */
    'meter.record': command(
      meterSetupSchema.extend({
        title: z.string().optional(),
        command: z.array(z.string()).default([]),
        cwd: z.string().optional(),
        durationMs: z.number().positive().optional(),
        idleMs: z.number().min(0).max(600_000).default(2_000),
        idleAfterMs: z.number().min(0).max(600_000).default(1_000)
      }),
      z.object({ jobId: z.string(), recordingId: z.string() })
    )
  },
  events: {
    /** A meter was opened, read on, or ended; of one meter about ten a second. */
    'meter.changed': liveMeterSchema
  }
})
