import { z } from 'zod'
import { command, defineContract, nothing } from './framework/define'
import { appErrorSchema } from './job'
import { runKindSchema } from './run'
import { sessionImportSchema } from './session'

/** Shared: a folder of Parquet and session files in which hosts publish what they measured, read by all of them. */

/** What of a host is published: session files and Samples of runs, readings of recordings, results of evaluations. */
export const sharedWhatSchema = z.enum(['sessions', 'samples', 'recordings', 'results'])

/** What is published. */
export type SharedWhat = z.infer<typeof sharedWhatSchema>

const count = z.number().int().min(0)

export const sharedHostSchema = z.object({
  /** Name of its folders: the host's name and the first characters of its data folder's random name. */
  host: z.string(),
  version: z.string(),
  publishedAtMs: z.number(),
  isHere: z.boolean(),
  runs: count,
  samples: count,
  readings: count,
  results: count,
  sizeBytes: count
})

/** A host that published into the shared folder. */
export type SharedHost = z.infer<typeof sharedHostSchema>

export const sharedStatusSchema = z.object({
  /** A local path or s3://; null: none is named. */
  folder: z.string().nullable(),
  /** Name under which this host publishes. */
  name: z.string().nullable(),
  /** Whether evaluations here use results of other hosts. */
  reuse: z.boolean(),
  /** A folder behind s3:// is read only. */
  canPublish: z.boolean(),
  /** Why the folder cannot be read; null otherwise. */
  problem: appErrorSchema.nullable(),
  hosts: z.array(sharedHostSchema),
  /** Files that are left out, each with why. */
  leftOut: z.array(z.object({ file: z.string(), why: z.string() })),
  /** Results of other hosts that evaluations here used since this process began. */
  reused: count
})

/** The shared folder as this host sees it. */
export type SharedStatus = z.infer<typeof sharedStatusSchema>

/** What a host lists of a run that it published. */
export const publishedFactsSchema = z.object({
  id: z.string(),
  kind: runKindSchema,
  name: z.string().nullable(),
  title: z.string(),
  detail: z.string(),
  tags: z.array(z.string()),
  model: z.string().nullable(),
  board: z.string().nullable(),
  dataSet: z.string().nullable(),
  state: z.string(),
  startedAtMs: z.number()
})

export const sharedRunSchema = publishedFactsSchema.extend({
  host: z.string(),
  /** Size of its session file; null: it was published without one. */
  sessionBytes: z.number().nullable(),
  /** Its id in the data file here, where it was taken over; null otherwise. */
  hereAs: z.string().nullable()
})

/** A run of another host. */
export type SharedRun = z.infer<typeof sharedRunSchema>

export const sharedOutcomeSchema = z.object({
  /** Files written, and those that were there already. */
  written: count,
  unchanged: count,
  rows: count,
  sizeBytes: count,
  /** Runs that could not be published, and why. */
  notes: z.array(z.string())
})

/** What publishing wrote. */
export type SharedOutcome = z.infer<typeof sharedOutcomeSchema>

const cell = z.union([z.string(), z.number(), z.boolean(), z.null()])

export const sharedContract = defineContract({
  commands: {
    /** Reads nothing where no folder is named. */
    'shared.status': command(nothing, sharedStatusSchema),
    /** Names the folder and keeps it for this user; it is looked at first. */
    'shared.use': command(
      z.object({
        folder: z.string().min(1).max(2000),
        /** Under which this host publishes; null: as before, else its host name. */
        name: z
          .string()
          .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,39}$/, 'letters, digits and dashes, at most 40')
          .nullable()
          .default(null),
        reuse: z.boolean().default(true),
        /** Downloads DuckDB's httpfs for s3://, where it is missing. */
        install: z.boolean().default(false)
      }),
      sharedStatusSchema
    ),
    'shared.forget': command(nothing, sharedStatusSchema),
    /** Writes what is new of this host; what lies there unchanged is not written again. */
    'shared.publish': command(
      z.object({
        what: z
          .array(sharedWhatSchema)
          .min(1)
          .default([...sharedWhatSchema.options]),
        /** Empty: every run that has ended and was made here. */
        runIds: z.array(z.string()).default([])
      }),
      z.object({ jobId: z.string() })
    ),
    /** What a job of shared.publish wrote. */
    'shared.outcome': command(z.object({ jobId: z.string() }), sharedOutcomeSchema),
    /** Takes runs of this host out of the folder; they stay in the data file. */
    'shared.withdraw': command(
      z.object({ runIds: z.array(z.string()).min(1) }),
      z.object({ withdrawn: count })
    ),
    /** Runs of other hosts, newest first. */
    'shared.runs': command(
      z.object({
        kinds: z.array(runKindSchema).default([]),
        host: z.string().default(''),
        text: z.string().default(''),
        limit: z.number().int().min(1).max(2000).default(500)
      }),
      z.object({ runs: z.array(sharedRunSchema), total: count })
    ),
    /** Adds runs of another host to the data file here, from their session files. */
    'shared.take': command(
      z.object({ host: z.string(), ids: z.array(z.string()).min(1) }),
      sessionImportSchema
    ),
    /** One SELECT over the views hosts, runs, samples, readings and results of all hosts. */
    'shared.query': command(
      z.object({
        sql: z.string().min(1).max(100_000),
        limit: z.number().int().min(1).max(2000).default(200)
      }),
      z.object({ columns: z.array(z.string()), rows: z.array(z.array(cell)), more: z.boolean() })
    )
  },
  events: {
    /** The folder, or what is published in it by this host, changed. */
    'shared.changed': z.object({})
  }
})
