import { z } from 'zod'
import { fileKinds } from '../vocabulary'
import { command, defineContract, done, nothing } from './framework/define'

/** File: what a person opens, on the machine that runs Bitbench; chosen, dropped, uploaded, or used before. */
export const fileKindSchema = z.enum(fileKinds)

export const inspectedFileSchema = z.object({
  /** Absolute; a leading `~` is already replaced. */
  path: z.string(),
  name: z.string(),
  kind: fileKindSchema,
  isFolder: z.boolean(),
  /** An ELF program: it holds its own load addresses. */
  isElf: z.boolean(),
  /** 0 of a folder. */
  sizeBytes: z.number()
})

/** A file or folder that is there and can be read. */
export type InspectedFile = z.infer<typeof inspectedFileSchema>

export const recentFileSchema = z.object({
  path: z.string(),
  kind: fileKindSchema,
  openedAtMs: z.number()
})

/** A file that was opened before. */
export type RecentFile = z.infer<typeof recentFileSchema>

const pathText = z.string().trim().min(1).max(4096)

export const fileContract = defineContract({
  commands: {
    /** What is at a path. @throws input.notFound, input.invalid (a device, a pipe, a relative path) */
    'file.inspect': command(z.object({ path: pathText }), z.object({ file: inspectedFileSchema })),
    /** The system's own dialog, where the window has one (Electron); null: cancelled. @throws input.unsupported */
    'file.pick': command(
      z.object({
        what: z.enum(['file', 'folder', 'save']),
        title: z.string().max(200),
        /** Endings without a dot; empty: all files. */
        endings: z
          .array(z.string().regex(/^\w{1,16}$/))
          .max(40)
          .default([]),
        /** Name that a file to save has at first. */
        name: z.string().max(200).default('')
      }),
      z.object({ path: z.string().nullable() })
    ),
    /** Files opened before, newest first. */
    'file.recent': command(nothing, z.object({ files: z.array(recentFileSchema) })),
    /** Puts a file at the head of the recent ones. */
    'file.remember': command(
      z.object({ path: pathText, kind: fileKindSchema }),
      z.object({ files: z.array(recentFileSchema) })
    ),
    /** Takes a file out of the recent ones; null: all. The file itself stays. */
    'file.forget': command(
      z.object({ path: pathText.nullable() }),
      z.object({ files: z.array(recentFileSchema) })
    ),
    /** Files that browsers sent, and the greatest size of one and of all. */
    'file.uploads': command(
      nothing,
      z.object({
        files: z.number(),
        sizeBytes: z.number(),
        maxFileBytes: z.number(),
        maxTotalBytes: z.number()
      })
    ),
    /** Deletes what browsers sent, except networks in the list of models and what lies beside them. */
    'file.clearUploads': command(nothing, z.object({ deleted: z.number() })),
    /** Paths the desktop handed over before a window was there to take them; each is given out once. */
    'file.takeHanded': command(nothing, z.object({ paths: z.array(z.string()) }))
  },
  events: {
    /** The desktop handed paths over; `file.takeHanded` returns them. */
    'file.handed': done
  }
})
