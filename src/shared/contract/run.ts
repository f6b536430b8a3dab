import { z } from 'zod'
import { runStates } from '../vocabulary'
import { command, defineContract, done } from './framework/define'
import { runOriginSchema } from './remote'

/** Run: stored work of any kind that can be resumed, named, annotated and deleted. */
export const runKindSchema = z.enum([
  'campaign',
  'adaptive',
  'search',
  'deployment',
  'loop',
  'workload',
  'recording',
  'proxy',
  'estimator',
  'collection'
])

/** Kind of a run. */
export type RunKindName = z.infer<typeof runKindSchema>

/** What a stored run says of itself; `interrupted`: it ran in a process that is gone. */
export const storedRunStateSchema = z.enum(runStates)

/** State of a stored run. */
export type StoredRunState = z.infer<typeof storedRunStateSchema>

/** `unreadable`: the stored row no longer fits its schema; it can be shown and deleted, not opened. */
export const runStateSchema = z.enum([...storedRunStateSchema.options, 'unreadable'])

export const runSchema = z.object({
  id: z.string(),
  kind: runKindSchema,
  /** Given by the user; null: `title` stands for it. */
  name: z.string().nullable(),
  notes: z.string(),
  tags: z.array(z.string()),
  /** What the run is, from its request. */
  title: z.string(),
  /** What came out so far, one line. */
  detail: z.string(),
  /** Names of the network, the board or GPU, and the data set that it is about; null where it has none. */
  model: z.string().nullable(),
  board: z.string().nullable(),
  dataSet: z.string().nullable(),
  state: runStateSchema,
  startedAtMs: z.number(),
  finishedAtMs: z.number().nullable(),
  /** The Job that runs it now. */
  jobId: z.string().nullable(),
  resumable: z.boolean(),
  /** Deleted; can be restored until this Bitbench is closed. */
  forgotten: z.boolean(),
  /** What is wrong with the stored row of an unreadable run; null otherwise. */
  problem: z.string().nullable(),
  /** The session file it came from; null for runs made here. */
  imported: z.object({ file: z.string(), atMs: z.number(), example: z.boolean() }).nullable(),
  /** The machine that it was made on, where that is another one. */
  origin: runOriginSchema.nullable()
})

/** A run of any kind with its label. */
export type Run = z.infer<typeof runSchema>

/** A place on the trace of a run, with what is to be said of it. */
export const markerSchema = z.object({
  /** ms since the run's start. */
  atMs: z.number().nonnegative(),
  text: z.string().max(500)
})

/** A marked place of a trace. */
export type Marker = z.infer<typeof markerSchema>

/** Markers of a run; more would be indistinguishable on a chart. */
export const markersSchema = z.array(markerSchema).max(500)

const runId = z.object({ id: z.string().min(1) })
const oneRun = z.object({ run: runSchema })
const tag = z.string().trim().min(1).max(40)

export const runContract = defineContract({
  commands: {
    /** Runs of all kinds, newest first. */
    'run.list': command(
      z.object({
        /** Empty: every kind. */
        kinds: z.array(runKindSchema).default([]),
        /** Part of the name, title, notes, a tag, model, board or data set; capitals do not matter. */
        text: z.string().default(''),
        /** Shows those that were deleted and can be restored too. */
        withForgotten: z.boolean().default(false)
      }),
      z.object({ runs: z.array(runSchema) })
    ),
    'run.get': command(runId, oneRun),
    /** Names a run; null or an empty name takes the name away. */
    'run.rename': command(runId.extend({ name: z.string().trim().max(200).nullable() }), oneRun),
    /** Replaces notes, tags or both. */
    'run.annotate': command(
      runId.extend({ notes: z.string().max(20_000).optional(), tags: z.array(tag).max(20).optional() }),
      oneRun
    ),
    /** Markers on the trace of a run, by time. */
    'run.markers': command(runId, z.object({ markers: markersSchema })),
    /** Replaces the markers of a run; returns them by time. */
    'run.mark': command(runId.extend({ markers: markersSchema }), z.object({ markers: markersSchema })),
    /** Goes on with a cancelled, failed or interrupted run. */
    'run.resume': command(runId, z.object({ jobId: z.string() })),
    /** Deletes a run from every list; run.restore brings it back until this Bitbench is closed. */
    'run.forget': command(runId, oneRun),
    'run.restore': command(runId, oneRun),
    /** Removes a deleted run for good. */
    'run.remove': command(runId, done)
  },
  events: {
    /** A name, note or tag changed, or a run was deleted or restored. */
    'run.changed': runSchema
  }
})
