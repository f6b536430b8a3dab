import { z } from 'zod'

/** A file on the machine Bitbench runs on, or its content as base64 (from a browser). */
export const fileSourceSchema = z.union([
  z.object({ path: z.string().min(1) }),
  z.object({ name: z.string().min(1), base64: z.string().max(96 * 1024 * 1024) })
])

/** A file that is named or sent along. */
export type FileSource = z.infer<typeof fileSourceSchema>

export const loaderNameSchema = z.enum(['monitor', 'sfl', 'ymodem', 'xmodem', 'kermit', 'esp', 'stm', 'wch'])

/** Loader of a program. */
export type LoaderName = z.infer<typeof loaderNameSchema>

/** What can have carried something to a board: a loader of ours or a program of somebody else's. */
export const carrierSchema = z.enum([...loaderNameSchema.options, 'openFPGALoader', 'openocd', 'gdb'])

/** One finished load. */
export const loadRecordSchema = z.object({
  jobId: z.string(),
  /** Null for a bitstream that went to no board of the list. */
  boardId: z.string().nullable(),
  fileName: z.string(),
  loader: carrierSchema,
  sizeBytes: z.number(),
  durationMs: z.number(),
  bytesPerSecond: z.number(),
  /** CRC-32 that both sides agree on; null where the loader cannot ask. */
  crc32: z.number().nullable(),
  result: z.string()
})

/** A load that ended, with size and rate. */
export type LoadRecord = z.infer<typeof loadRecordSchema>
