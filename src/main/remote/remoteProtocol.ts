import { z } from 'zod'
import { appErrorSchema } from '../../shared/contract/job'
import { collectionRequestSchema } from '../../shared/contract/estimator/collection'
import { gpuContract } from '../../shared/contract/gpu'
import { workloadRequestSchema } from '../../shared/contract/workload'

/** Raised when an older Bitbench could no longer talk to a newer one. */
export const remoteProtocol = 1

/** Longest line of either side, characters: a chunk of a file in base64 with its frame. */
export const maxLineLength = 2 ** 20
/** Bytes of a file per line. */
export const chunkBytes = 192 * 1024

export const remoteTaskSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('check') }),
  z.object({ kind: z.literal('record'), request: gpuContract.commands['gpu.record'].in }),
  z.object({ kind: z.literal('workload'), request: workloadRequestSchema }),
  z.object({ kind: z.literal('collect'), request: collectionRequestSchema })
])

/** Kinds of task that this Bitbench does for others; a hello states them. */
export const remoteTasks: readonly string[] = remoteTaskSchema.options.map(({ shape }) => shape.kind.value)

/** What a host does whose hello states no kinds of task. */
export const firstRemoteTasks: readonly string[] = ['check', 'record', 'workload']

/** What is to be done on the other machine. */
export type RemoteTask = z.output<typeof remoteTaskSchema>

/** Lines from the machine that has the data file. */
export const orderSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ping'), id: z.number() }),
  z.object({ type: z.literal('run'), task: remoteTaskSchema, folder: z.string().nullable() }),
  z.object({ type: z.literal('cancel') })
])

/** One of them. */
export type Order = z.output<typeof orderSchema>

/** Lines from the machine that does the work. Other lines on its standard output (greetings of a shell) are shown as they are. */
export const reportSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    protocol: z.number(),
    version: z.string().max(100),
    machine: z.string().max(300),
    /** Kinds of task that it does: an order of another kind would be dropped without a word. */
    tasks: z.array(z.string().max(60)).max(100).optional()
  }),
  z.object({ type: z.literal('pong'), id: z.number(), atMs: z.number() }),
  z.object({ type: z.literal('output'), stream: z.enum(['stdout', 'stderr']), text: z.string() }),
  z.object({
    type: z.literal('progress'),
    done: z.number(),
    total: z.number(),
    unit: z.string().max(60),
    note: z.string().max(500)
  }),
  z.object({
    type: z.literal('gpus'),
    driver: z.string().nullable(),
    names: z.array(z.string()),
    problem: z.string().nullable()
  }),
  z.object({ type: z.literal('file'), base64: z.string() }),
  z.object({
    type: z.literal('done'),
    /** Of the file that was sent before; null: there is none. */
    sha256: z.string().nullable(),
    /** How the work ended; null: well. */
    error: appErrorSchema.nullable(),
    /** A scheduler or a user there ended the process (SIGTERM): it may begin again. */
    isStopped: z.boolean().default(false)
  })
])

/** One of them. */
export type Report = z.output<typeof reportSchema>

/** Marks a line as one of ours. */
const mark = 'bitbench:'

/** A line for the other side, with its end. */
export const lineOf = (message: z.input<typeof orderSchema> | z.input<typeof reportSchema>): string =>
  `${mark}${JSON.stringify(message)}\n`

/** Returns the message of a line; null for a line without the mark and for a message that does not fit `schema`. */
export function readLine<T>(line: string, schema: z.ZodType<T>): T | null {
  if (!line.startsWith(mark)) return null
  try {
    const read = schema.safeParse(JSON.parse(line.slice(mark.length)))
    return read.success ? read.data : null
  } catch {
    return null
  }
}
