import { z } from 'zod'
import { sampleUnits } from '../vocabulary'
import {
  command,
  decimalSchema,
  defineContract,
  done,
  nothing,
  originSchema,
  unreadableRowSchema
} from './framework/define'
import { meterSetupSchema } from './meter'
import { adaptiveRequestSchema, adaptiveRunSchema } from './profile/profileAdaptive'
import { bitPairSchema, kernelSchema, kernelShapeSchema } from './profile/profileShapes'
import { storedRunStateSchema } from './run'

/** Profile: campaigns that measure kernels on a board, and the Samples they leave. */
export {
  bitPairSchema,
  kernelSchema,
  kernelShapeSchema,
  type BitPair,
  type RequestedShape
} from './profile/profileShapes'

/** One measurement with its provenance. */
export const sampleSchema = z.object({
  id: z.string(),
  campaignId: z.string().nullable(),
  kernel: kernelSchema,
  dims: z.array(z.number()),
  activationBits: z.number(),
  weightBits: z.number(),
  /** The figure to use, in `unit`: median over the repetitions; of energy the mean over trials, net of idle. */
  time: z.number(),
  /** Least and most of the repetitions; of energy the bounds of the 95 % interval of the mean. */
  timeMin: z.number(),
  timeMax: z.number(),
  unit: z.enum(sampleUnits),
  /** Medians of both counters, where the board has them. */
  cycles: z.number().nullable(),
  instructions: z.number().nullable(),
  macs: z.number(),
  repetitions: z.number(),
  seed: z.number(),
  /** CRC-32 of the outputs as the board computed it; null on imported samples. */
  checksum: z.number().nullable(),
  /** True: equal to what the host computed from the same operands; false never occurs in a stored Sample. */
  verified: z.boolean(),
  origin: originSchema,
  /** e.g. "bench cycles counter", "QEMU -icount", "imported from mico_small.csv". */
  method: z.string(),
  boardId: z.string(),
  boardKind: z.string(),
  boardName: z.string(),
  isa: z.string(),
  coreName: z.string(),
  buildId: z.number().nullable(),
  clockHz: z.number().nullable(),
  measuredAtMs: z.number()
})

/** A measurement of a kernel on a board. */
export type Sample = z.infer<typeof sampleSchema>

/** How the energy of kernels is measured, by a power meter beside the board; times in ms. */
export const kernelEnergySchema = z.object({
  meter: meterSetupSchema,
  trials: z.number().int().min(3).max(20).default(3),
  /** Least time of the longer run of a trial. */
  trialMs: z.number().min(50).max(60_000).default(250),
  /** Rest that the idle baseline is taken from. */
  idleMs: z.number().min(200).max(60_000).default(1_000)
})

/** How the energy of kernels is measured. */
export type KernelEnergy = z.infer<typeof kernelEnergySchema>

export const campaignRequestSchema = z.object({
  boardId: z.string().min(1),
  /** Exact shapes, e.g. the layers of a model. */
  shapes: z.array(kernelShapeSchema).max(5000).default([]),
  /** Adds the layer shapes of this model. */
  modelId: z.string().nullable().default(null),
  /** Adds this many shapes per kernel, spread over the space around the exact shapes. */
  spaceFilling: z.number().int().min(0).max(2000).default(12),
  /** Kernels of the space-filling set; empty: those of the exact shapes, or matmul and conv2d. */
  kernels: z.array(kernelSchema).default([]),
  /** Empty: every pair the board has. */
  pairs: z.array(bitPairSchema).default([]),
  repetitions: z.number().int().min(1).max(64).default(2),
  seed: z.number().int().min(0).max(0xffff_ffff).default(1),
  /** Shapes whose guess is longer than this are left out and counted as skipped. */
  longestMs: z.number().positive().default(60_000),
  /** Measure again what this board (same firmware) has a Sample of. */
  remeasure: z.boolean().default(false),
  /** Energy beside the counts: every item leaves a Sample in nJ too. Null: counts alone. */
  energy: kernelEnergySchema.nullable().default(null)
})

/** A campaign of measurements to plan. */
export type CampaignRequest = z.infer<typeof campaignRequestSchema>

export const campaignPlanSchema = z.object({
  /** Items to measure now. */
  samples: z.number(),
  /** Items left out because a Sample with the same board, firmware and settings exists. */
  alreadyMeasured: z.number(),
  /** Items left out because they do not fit the board's memory or last too long, with the reasons. */
  skipped: z.number(),
  skippedBecause: z.array(z.object({ reason: z.string(), count: z.number() })),
  /** Wall-clock guess in milliseconds. */
  estimateMs: z.number(),
  /** Where the guess comes from: an analytic guess alone, or Samples of this board. */
  estimateFrom: z.enum(['analytic', 'samples']),
  byKernel: z.array(
    z.object({ kernel: kernelSchema, shapes: z.number(), pairs: z.number(), samples: z.number() })
  ),
  /** The first shapes of the plan, for a preview. */
  preview: z.array(kernelShapeSchema)
})

/** The plan of a campaign with its duration. */
export type CampaignPreview = z.infer<typeof campaignPlanSchema>

export const campaignSchema = z.object({
  id: z.string(),
  boardId: z.string(),
  boardName: z.string(),
  state: storedRunStateSchema,
  done: z.number(),
  total: z.number(),
  startedAtMs: z.number(),
  finishedAtMs: z.number().nullable(),
  /** The Job that runs it now. */
  jobId: z.string().nullable(),
  /** Why it failed, with what to do; of one that is done, how many items were refused, and why one was. */
  error: z.string().nullable(),
  request: campaignRequestSchema,
  /** Name of the file whose Samples it holds; absent where they were measured here. */
  importedFrom: z.string().optional()
})

/** A campaign as it is stored. */
export type Campaign = z.infer<typeof campaignSchema>

/** Which Samples. Absent fields match everything. */
export const sampleQuerySchema = z.object({
  id: z.string().optional(),
  boardId: z.string().optional(),
  campaignId: z.string().optional(),
  kernel: kernelSchema.optional(),
  unit: z.enum(sampleUnits).optional(),
  activationBits: z.number().optional(),
  weightBits: z.number().optional(),
  buildId: z.number().optional()
})

/** Which samples are wanted. */
export type SampleQuery = z.infer<typeof sampleQuerySchema>

export const profileContract = defineContract({
  commands: {
    /** Plans without measuring. The board must be connected: its kernel table and memory decide. */
    'profile.plan': command(campaignRequestSchema, z.object({ plan: campaignPlanSchema })),
    'profile.run': command(campaignRequestSchema, z.object({ jobId: z.string(), campaignId: z.string() })),
    /** Goes on with what an interrupted, failed or cancelled campaign has left. */
    'profile.resume': command(
      z.object({ campaignId: z.string() }),
      z.object({ jobId: z.string(), campaignId: z.string() })
    ),
    /** Job: measures one kernel where its proxy is least sure. Samples are stored as they come. */
    'profile.adaptive': command(adaptiveRequestSchema, z.object({ jobId: z.string(), runId: z.string() })),
    /** Goes on with a run that was cancelled, failed or interrupted: what it measured is replayed, not measured again. */
    'profile.adaptiveResume': command(
      z.object({ runId: z.string() }),
      z.object({ jobId: z.string(), runId: z.string() })
    ),
    'profile.adaptiveRuns': command(nothing, z.object({ runs: z.array(adaptiveRunSchema) })),
    /** Forgets a run and its curves; its Samples stay. */
    'profile.adaptiveForget': command(z.object({ runId: z.string() }), done),
    'profile.campaigns': command(nothing, z.object({ campaigns: z.array(campaignSchema) })),
    /** Forgets a campaign; with `samples` its Samples too. */
    'profile.forget': command(
      z.object({ campaignId: z.string(), samples: z.boolean().default(false) }),
      done
    ),
    'profile.samples': command(
      sampleQuerySchema.extend({
        limit: z.number().int().min(1).max(100_000).default(1000),
        offset: z.number().int().min(0).default(0)
      }),
      z.object({
        samples: z.array(sampleSchema),
        /** Rows of this page that no longer fit, with what is wrong; they count in `total`. */
        unreadable: z.array(unreadableRowSchema),
        total: z.number()
      })
    ),
    /** Counts per board, kernel and pair: what there is to fit. */
    'profile.summary': command(
      nothing,
      z.object({
        groups: z.array(
          z.object({
            boardId: z.string(),
            boardName: z.string(),
            buildId: z.number().nullable(),
            kernel: kernelSchema,
            unit: z.enum(sampleUnits),
            origin: originSchema,
            samples: z.number(),
            shapes: z.number(),
            pairs: z.number(),
            newestAtMs: z.number()
          })
        )
      })
    ),
    /**
     * Writes Samples to a file on this machine (csv or parquet), or returns the CSV text when `path` is null. CSV holds
     * one kernel, in the columns that `proxy` reads.
     */
    'profile.export': command(
      sampleQuerySchema.extend({
        path: z.string().min(1).nullable().default(null),
        format: z.enum(['csv', 'parquet']).default('csv')
      }),
      z.object({ rows: z.number(), path: z.string().nullable(), text: z.string().nullable() })
    ),
    /** Reads a CSV of one kernel as Samples of a board named `boardName`. */
    'profile.import': command(
      z.object({
        file: z.union([
          z.object({ path: z.string().min(1) }),
          z.object({ name: z.string(), text: z.string() })
        ]),
        kernel: kernelSchema,
        boardName: z.string().min(1),
        unit: z.enum(sampleUnits).default('cycles'),
        /** Null: what the file's column Origin says, measured where it has none. */
        origin: originSchema.nullable().default(null),
        decimal: decimalSchema.optional()
      }),
      /** `warnings`: how its numbers were read, and what looks wrong about them. */
      z.object({ rows: z.number(), campaignId: z.string(), warnings: z.array(z.string()) })
    )
  },
  events: {
    /** Batched. */
    'profile.measured': z.object({ campaignId: z.string(), samples: z.array(sampleSchema) }),
    'profile.campaignChanged': campaignSchema,
    /** After every batch, and at the end. */
    'profile.adaptiveChanged': adaptiveRunSchema
  }
})
