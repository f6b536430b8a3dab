import { z } from 'zod'
import { command, defineContract, done, nothing } from './framework/define'

/** App: what this copy of Bitbench is and can use on this machine; settings that outlive a session. */
export const toolSchema = z.object({
  /** e.g. "qemu-system-riscv32" */
  name: z.string(),
  /** What it gives the user. */
  purpose: z.string(),
  path: z.string().nullable(),
  version: z.string().nullable(),
  /** How to get it, when it is absent. */
  hint: z.string()
})

/** A tool that the product can use. */
export type Tool = z.infer<typeof toolSchema>

/** What was looked at last, so that a new start shows it again; null: nothing yet. */
export const workspaceSchema = z.object({
  page: z.string().max(40).nullable().default(null),
  modelId: z.string().max(200).nullable().default(null),
  boardId: z.string().max(500).nullable().default(null),
  dataSet: z.string().max(200).nullable().default(null),
  /** The run of each kind that was open last, by the kind's name. */
  runs: z.record(z.string().max(40), z.string().max(200)).default({}),
  /** Sizes of panes that were changed: columns in percent of the width, heights and widths in px. */
  sizes: z.record(z.string().max(100), z.number().min(0).max(20_000)).default({})
})

/** What was looked at last. */
export type Workspace = z.infer<typeof workspaceSchema>

export const tourSchema = z.object({
  isOpen: z.boolean().default(false),
  /** It was taken before: it is gone on with. */
  isBegun: z.boolean().default(false),
  /** Steps that were left out. */
  skipped: z.array(z.string().max(40)).max(20).default([])
})

export const settingsSchema = z.object({
  theme: z.enum(['system', 'dark', 'light']).default('system'),
  /** Worker threads for fits, searches and accuracy runs. */
  workers: z.number().int().min(1).max(64).default(2),
  /** Preferred board of the guided run. */
  defaultBoard: z.string().default('virtual:small'),
  nvidiaSmiPath: z.string().nullable().default(null),
  /** First-run guide was finished or dismissed. */
  guideSeen: z.boolean().default(false),
  /** The first steps with an own network, data set and board were dismissed. */
  tourSeen: z.boolean().default(false),
  /** The tour that leads through them. */
  tour: tourSchema.prefault({}),
  workspace: workspaceSchema.prefault({})
})

/** Settings of the user. */
export type Settings = z.infer<typeof settingsSchema>

/** A patch without defaults: what is absent stays as it is. */
export const settingsPatchSchema = z.object({
  theme: z.enum(['system', 'dark', 'light']).optional(),
  workers: z.number().int().min(1).max(64).optional(),
  defaultBoard: z.string().optional(),
  nvidiaSmiPath: z.string().nullable().optional(),
  guideSeen: z.boolean().optional(),
  tourSeen: z.boolean().optional(),
  tour: tourSchema.optional(),
  workspace: workspaceSchema.optional()
})

/** Settings to change. */
export type SettingsPatch = z.infer<typeof settingsPatchSchema>

export const logLineSchema = z.object({ atMs: z.number(), text: z.string() })

/** A line this host logged. */
export type LogLine = z.infer<typeof logLineSchema>

export const appContract = defineContract({
  commands: {
    'app.info': command(
      nothing,
      z.object({
        version: z.string(),
        host: z.enum(['electron', 'web', 'cli']),
        platform: z.string(),
        machine: z.string(),
        dataFolder: z.string(),
        tools: z.array(toolSchema)
      })
    ),
    /** The last lines this host logged, oldest first. */
    'app.log': command(nothing, z.object({ lines: z.array(logLineSchema) })),
    /** A report on a problem without tokens, paths, and names of user and machine. */
    'app.report': command(nothing, z.object({ text: z.string() })),
    /** Notes a fault of the window in the log of the host. */
    'app.noteFault': command(z.object({ text: z.string().max(4000) }), done),
    'app.settings': command(nothing, settingsSchema),
    'app.saveSettings': command(settingsPatchSchema, settingsSchema)
  },
  events: {
    'app.settingsChanged': settingsSchema
  }
})
