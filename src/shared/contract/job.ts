import { z } from 'zod'
import { jobStates, type JobState } from '../vocabulary'
import { command, defineContract, done, nothing } from './framework/define'

/** Job: one piece of long work with progress, rate, time left, cancel and, where it costs minutes, resume. */
export const jobStateSchema = z.enum(jobStates)
export type { JobState }

export const appErrorSchema = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string(),
  details: z.record(z.string(), z.unknown()).optional()
})

export const jobSchema = z.object({
  id: z.string(),
  /** `<noun>.<verb>`, e.g. profile.run. */
  kind: z.string(),
  title: z.string(),
  state: jobStateSchema,
  /** Units of work done and in all; total 0 when unknown. */
  done: z.number(),
  total: z.number(),
  /** What one unit is: "samples", "evaluations", "bytes". */
  unit: z.string(),
  /** Units per second over the recent past; null before it is known. */
  ratePerSecond: z.number().nullable(),
  /** Time left in milliseconds; null when it is not known. */
  remainingMs: z.number().nullable(),
  note: z.string(),
  startedAtMs: z.number(),
  finishedAtMs: z.number().nullable(),
  resumable: z.boolean(),
  error: appErrorSchema.nullable()
})

export const jobLogLineSchema = z.object({ atMs: z.number(), text: z.string() })

/** A line of a job's log: what it did, and how it ended. */
export type JobLogLine = z.infer<typeof jobLogLineSchema>

/** Work of this process, with progress. */
export type Job = z.infer<typeof jobSchema>

export const jobContract = defineContract({
  commands: {
    'job.list': command(nothing, z.object({ jobs: z.array(jobSchema) })),
    'job.cancel': command(z.object({ id: z.string() }), done),
    /** Starts an interrupted, failed or cancelled resumable job again where it stopped; returns the new job. */
    'job.resume': command(z.object({ id: z.string() }), z.object({ job: jobSchema })),
    /** What a job reported, oldest first, at most 200 lines; also of jobs of earlier processes. */
    'job.log': command(z.object({ id: z.string() }), z.object({ lines: z.array(jobLogLineSchema) })),
    /** Forgets finished jobs. */
    'job.clear': command(nothing, done)
  },
  events: {
    'job.changed': jobSchema
  }
})
