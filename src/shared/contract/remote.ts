import { z } from 'zod'
import { collectionRequestSchema } from './estimator/collection'
import { command, defineContract, nothing } from './framework/define'
import { gpuContract } from './gpu'
import { workloadRequestSchema } from './workload'

/** Remote: machines with GPUs that are reached by a command in front of another (ssh, srun, sbatch). */

const words = z.array(z.string().max(4096)).min(1).max(64)

export const gpuHostSchema = z.object({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$/, 'letters, digits, dot, dash and underscore'),
  /** Program and arguments in front of what runs there, e.g. ["ssh", "gpu1"] or ["srun", "--gres=gpu:1"]. */
  prefix: words,
  /** The command line of Bitbench there. */
  bitbench: words.default(['bitbench']),
  /** Shells that split the words behind the prefix; null: one for every ssh in the prefix. */
  shells: z.number().int().min(0).max(3).nullable().default(null),
  /** Folder there that commands run in; null: where the prefix puts them. */
  folder: z.string().min(1).max(4096).nullable().default(null),
  /** Folder that both machines see under this path: lines go through files in it, as a batch job (sbatch) needs it. */
  sharedFolder: z.string().min(1).max(4096).nullable().default(null)
})

/** A machine with GPUs and how it is reached. */
export type GpuHost = z.infer<typeof gpuHostSchema>

const clockSchema = z.object({
  /** How far its clock is ahead of this machine's, ms, and what that may be wrong by; null where it was not measured. */
  offsetMs: z.number().nullable(),
  uncertaintyMs: z.number().nullable()
})

export const remoteCheckSchema = z.object({
  /** What the machine calls itself. */
  machine: z.string(),
  version: z.string(),
  driver: z.string().nullable(),
  gpus: z.array(z.string()),
  /** Why no GPU can be read there; null otherwise. */
  problem: z.string().nullable(),
  clock: clockSchema
})

/** What a GPU host says of itself. */
export type RemoteCheck = z.infer<typeof remoteCheckSchema>

export const runOriginSchema = z.object({
  /** Name that the host has in the list here. */
  host: z.string(),
  machine: z.string(),
  version: z.string(),
  driver: z.string().nullable(),
  clock: clockSchema,
  /** How often the scheduler there began it again. */
  restarts: z.number().int()
})

/** Where a run was made that came from another machine. */
export type RunOrigin = z.infer<typeof runOriginSchema>

const hosts = z.object({ hosts: z.array(gpuHostSchema) })
const hostName = z.object({ host: z.string().min(1) })
const started = z.object({ jobId: z.string() })

export const remoteContract = defineContract({
  commands: {
    'remote.hosts': command(nothing, hosts),
    /** Adds a host or replaces the one of this name; nothing connects. */
    'remote.saveHost': command(gpuHostSchema, hosts),
    'remote.removeHost': command(hostName, hosts),
    /** Starts Bitbench there and reads version, clock, driver and GPUs. */
    'remote.check': command(hostName, remoteCheckSchema),
    /** Records there as gpu.record does here; the job ends when the recording is in the data file here. */
    'remote.record': command(hostName.extend({ request: gpuContract.commands['gpu.record'].in }), started),
    /** Runs a workload there as workload.start does here. */
    'remote.workload': command(hostName.extend({ request: workloadRequestSchema }), started),
    /** Collects stage times there as estimator.collect does here. */
    'remote.collect': command(hostName.extend({ request: collectionRequestSchema }), started),
    /** Runs that came from other machines; with `jobId`, those of one job. */
    'remote.origins': command(
      z.object({ jobId: z.string().optional() }),
      z.object({ origins: z.array(runOriginSchema.extend({ runId: z.string() })) })
    )
  },
  events: {
    /** What the command, the runner or the prefix (ssh, srun) printed there. */
    'remote.output': z.object({ jobId: z.string(), stream: z.enum(['stdout', 'stderr']), text: z.string() }),
    /** A job's runs are in the data file. */
    'remote.arrived': z.object({ jobId: z.string(), runIds: z.array(z.string()) })
  }
})
