import { z } from 'zod'
import { command, defineContract, nothing } from './framework/define'
import { appErrorSchema } from './job'

/** Worker: a process, here or on another machine, that takes evaluations from the queue server. */
export const workerSchema = z.object({
  id: z.string(),
  host: z.string(),
  pid: z.number(),
  processor: z.string(),
  /** Version and hash of its code. */
  code: z.string(),
  /** Architecture and vector instructions. */
  arithmetic: z.string(),
  /** Tasks it takes. */
  tasks: z.array(z.string()),
  /** Jobs it runs at a time. */
  concurrency: z.number(),
  /** Jobs since it started. */
  done: z.number(),
  failed: z.number(),
  /** Jobs within the minute before its last report. */
  perMinute: z.number(),
  running: z.array(z.object({ task: z.string(), forMs: z.number() })),
  /** By the server's clock. */
  startedAtMs: z.number(),
  seenAtMs: z.number(),
  /** Since its last report, ms. */
  silentMs: z.number(),
  isAlive: z.boolean(),
  /** Whether it takes jobs of this copy of Bitbench. */
  matches: z.boolean(),
  /** Whether it is the process that reports this: a host that searches evaluates too. */
  isHere: z.boolean()
})

/** A worker as seen from here. */
export type WorkerInfo = z.infer<typeof workerSchema>

/** A lease: one host's exclusive use of a board's line. */
export const leaseSchema = z.object({
  /** HOST:PORT of a console on the network, or host and device path of a serial port. */
  name: z.string(),
  /** Grows with every lease that the server gives. */
  token: z.number(),
  host: z.string(),
  pid: z.number(),
  user: z.string(),
  heldMs: z.number(),
  /** Until it runs out unless it is renewed. */
  leftMs: z.number()
})

/** Who holds a board's line, and for how long. */
export type LeaseInfo = z.infer<typeof leaseSchema>

/** off: no server is named; up; down: it cannot be reached; refused: it would lose jobs, or refused us. */
export const queueStateSchema = z.enum(['off', 'up', 'down', 'refused'])

/** State of the connection to the queue server. */
export type QueueState = z.infer<typeof queueStateSchema>

const connectionSchema = z.object({
  /** Without user and password; null: none is named. */
  server: z.string().nullable(),
  state: queueStateSchema,
  problem: appErrorSchema.nullable(),
  /** Jobs of this process that have no result yet. */
  pending: z.number()
})

export const workerStatusSchema = connectionSchema.extend({
  /** Whether the address is kept for later starts. */
  kept: z.boolean(),
  code: z.string(),
  arithmetic: z.string(),
  /** Jobs on the server that workers of this code take: waiting, and held by a worker. */
  waiting: z.number(),
  active: z.number(),
  workers: z.array(workerSchema),
  /** Boards that hosts of this server hold. */
  leases: z.array(leaseSchema)
})

/** The queue server and its workers. */
export type WorkerStatus = z.infer<typeof workerStatusSchema>

export const workerContract = defineContract({
  commands: {
    'worker.status': command(nothing, workerStatusSchema),
    /** Checks a server and keeps its address, readable by this user alone. */
    'worker.connect': command(
      z.object({
        /** redis:// or rediss:// with user and password if needed; never logged. */
        address: z.string().min(1).max(2000),
        /** PEM file of the authority that signed the server's certificate. */
        caFile: z.string().nullable().default(null)
      }),
      workerStatusSchema
    ),
    'worker.disconnect': command(nothing, workerStatusSchema)
  },
  events: {
    'worker.changed': connectionSchema
  }
})
