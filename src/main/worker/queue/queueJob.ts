import { createHash } from 'node:crypto'
import { z } from 'zod'
import { writeValue } from '../../../core/worker/valueJson'
import type { CodeIdentity } from '../codeIdentity'

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/)

/** One folder of files, by content. */
export const inputListSchema = z.object({
  files: z
    .array(
      z.object({
        name: z.string().refine(isSafeName, 'is no path below a folder'),
        sha256: sha256Schema,
        sizeBytes: z.number().int().min(0)
      })
    )
    .max(1000)
})

/** The files of a folder, by content. */
export type InputList = z.infer<typeof inputListSchema>

/** What a job on the queue holds. */
export const jobDataSchema = z.object({
  task: z.string(),
  /** writeValue of the settings. */
  settings: z.string(),
  /** sha256 of each folder's manifest. */
  folders: z.record(z.string().regex(/^[A-Za-z]{1,32}$/), sha256Schema)
})

/** A job on the queue. */
export type JobData = z.infer<typeof jobDataSchema>

/** Relative, below its folder on every platform. */
function isSafeName(name: string): boolean {
  const parts = name.split('/')
  return (
    name.length <= 1000 &&
    parts.every(
      (part) => part !== '' && part !== '.' && part !== '..' && /^[^\\:*?"<>|\p{Cc}]{1,200}$/u.test(part)
    )
  )
}

/** Bytes in values that travel are base64. */
export const base64 = {
  encode: (bytes: Uint8Array): string =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64'),
  decode: (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))
}

/** SHA-256 as 64 hex digits. */
export const sha256 = (content: string | Uint8Array): string =>
  createHash('sha256').update(content).digest('hex')

/**
 * Key of a job: equal for equal task, settings and files on the same code and arithmetic, on one host where results differ
 * between hosts. Also its id on the queue, so that the server drops duplicates.
 */
export function jobKeyOf(data: JobData, identity: CodeIdentity, perHost: boolean): string {
  const { code, arithmetic, host, processor } = identity
  const where = perHost ? { host, processor } : {}
  return `job-${sha256(writeValue({ ...data, code, arithmetic, ...where }, base64))}`
}

/** Prefix of every key on the server. */
export const keyPrefix = 'bitbench'

/** Queue that machines with the same code and arithmetic work on; with `perHost` only this machine. */
export function queueNameOf(task: string, identity: CodeIdentity, perHost: boolean): string {
  const { code, arithmetic, host, processor } = identity
  const own = `${code} ${arithmetic}${perHost ? ` ${host} ${processor}` : ''}`
  return `${task.replaceAll(':', '-')}-${perHost ? 'host' : 'any'}-${sha256(own).slice(0, 16)}`
}

/** Keys beside BullMQ's own. */
export const keys = {
  /** Hash of an input's chunks: "0", "1", … and "chunks", written last. */
  input: (hash: string): string => `${keyPrefix}:input:${hash}`,
  result: (jobKey: string): string => `${keyPrefix}:result:${jobKey}`,
  /** Processes that wait for a job. */
  waiters: (jobKey: string): string => `${keyPrefix}:waiters:${jobKey}`,
  /** A layer's codes, scales and biases as one worker has fitted them. */
  fit: (hash: string): string => `${keyPrefix}:fit:${hash}`,
  /** Sizes and keys of fits, oldest first. */
  fits: `${keyPrefix}:fits`,
  /** Bytes of all fits. */
  fitBytes: `${keyPrefix}:fitBytes`,
  cancelled: (jobKey: string): string => `${keyPrefix}:cancelled:${jobKey}`,
  /** Channel on which keys of cancelled jobs are published. */
  cancel: `${keyPrefix}:cancel`,
  workers: `${keyPrefix}:workers`,
  worker: (id: string): string => `${keyPrefix}:worker:${id}`
}
