import { z } from 'zod'
import { command, defineContract, nothing } from './framework/define'
import { markersSchema, runKindSchema } from './run'

/** Session: a file that carries chosen runs, with all they need, to another data folder or machine. */
export const sessionRunSchema = z.object({
  id: z.string(),
  kind: runKindSchema,
  title: z.string(),
  name: z.string().nullable(),
  notes: z.string(),
  tags: z.array(z.string()),
  /** Of its trace; absent in sessions of older versions. */
  markers: markersSchema.default([]),
  startedAtMs: z.number()
})
/** A run as a session names it. */
export type SessionRun = z.infer<typeof sessionRunSchema>

export const sessionModelSchema = z.object({
  /** Hash of the file's bytes, as in model.list. */
  id: z.string(),
  name: z.string(),
  /** False: the session names the network and does not hold its file. */
  included: z.boolean()
})

export const sessionInfoSchema = z.object({
  file: z.string(),
  sizeBytes: z.number(),
  version: z.number(),
  /** Version of Bitbench that wrote it. */
  writtenBy: z.string(),
  createdAtMs: z.number(),
  title: z.string(),
  /** Made to try a page without hardware; opened, its runs say so. */
  example: z.boolean(),
  runs: z.array(sessionRunSchema),
  models: z.array(sessionModelSchema),
  /** Measurements, readings and other rows beside the runs themselves. */
  rows: z.number(),
  /** What the runs use and the session does not hold, in words. */
  notes: z.array(z.string())
})
/** What a session file holds. */
export type SessionInfo = z.infer<typeof sessionInfoSchema>

/** What became of one run of an imported session. */
export const importedRunSchema = z.object({
  /** Its id here; another than in the file where that one was taken by other content. */
  id: z.string(),
  kind: runKindSchema,
  title: z.string(),
  state: z.enum(['added', 'addedUnderNewId', 'alreadyHere'])
})
/** One run of an import. */
export type ImportedRun = z.infer<typeof importedRunSchema>

export const sessionImportSchema = z.object({
  runs: z.array(importedRunSchema),
  models: z.array(sessionModelSchema),
  notes: z.array(z.string())
})
/** What an import did. */
export type SessionImport = z.infer<typeof sessionImportSchema>

export const sessionContract = defineContract({
  commands: {
    /** Writes runs with all they need into one file; an empty list means every run. What stood there is replaced whole. */
    'session.export': command(
      z.object({
        file: z.string().min(1),
        runIds: z.array(z.string().min(1)).max(5000).default([]),
        title: z.string().trim().max(200).default('')
      }),
      sessionInfoSchema
    ),
    /** What a session file holds, without importing it. */
    'session.info': command(z.object({ file: z.string().min(1) }), sessionInfoSchema),
    /** Adds the runs of a session to the data file; nothing that is there changes, and a damaged file changes nothing. */
    'session.import': command(z.object({ file: z.string().min(1) }), sessionImportSchema),
    /** The same for a browser, whose files the host cannot read: a session as bytes, to be saved where the user wants. */
    'session.pack': command(
      z.object({
        runIds: z.array(z.string().min(1)).max(5000).default([]),
        title: z.string().trim().max(200).default('')
      }),
      z.object({ info: sessionInfoSchema, base64: z.string() })
    ),
    /** Imports a session that the browser read. */
    'session.receive': command(
      z.object({ name: z.string().max(200), base64: z.string().max(192 * 2 ** 20) }),
      sessionImportSchema
    ),
    /** Sessions that ship with Bitbench, one for each page that can be tried without hardware. */
    'session.examples': command(
      nothing,
      z.object({
        examples: z.array(
          z.object({
            name: z.string(),
            title: z.string(),
            kinds: z.array(runKindSchema),
            sizeBytes: z.number()
          })
        )
      })
    ),
    'session.openExample': command(z.object({ name: z.string().min(1) }), sessionImportSchema)
  },
  events: {
    /** Runs were added by an import: lists show more than before. */
    'session.imported': sessionImportSchema
  }
})
