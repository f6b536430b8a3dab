import { boardDescriptionSchema } from './board/boardDescription'
import { z } from 'zod'
import { countUnits } from '../vocabulary'
import { arraySchemeSchema, bitFusionGraphSchema, bitFusionHardwareSchema } from './deploy/bitfusion'
import { command, defineContract, done, nothing, originSchema } from './framework/define'
import { meterSetupSchema } from './meter'
import { methodSchema, schemeSchema } from './model'
import { storedRunStateSchema } from './run'

/** Deploy: a scheme on a board, and the proof that it does there what the host said. */
export const memoryBlockSchema = z.object({
  /** "input", a layer's name, or "scratch". */
  name: z.string(),
  offset: z.number(),
  sizeBytes: z.number(),
  /** Layers (by index, inclusive) during which the block must live. */
  firstLayer: z.number(),
  lastLayer: z.number()
})

export const planLayerSchema = z.object({
  name: z.string(),
  op: z.string(),
  activationBits: z.number().nullable(),
  weightBits: z.number().nullable(),
  outputShape: z.array(z.number()),
  macs: z.number(),
  weightsBytes: z.number(),
  scratchBytes: z.number(),
  /** Arena bytes alive while this layer runs. */
  liveBytes: z.number(),
  /** What the proxy and the measured operator costs say; null without a proxy. */
  predicted: z.number().nullable()
})

export const deployPlanSchema = z.object({
  imageBytes: z.number(),
  weightsBytes: z.number(),
  arenaBytes: z.number(),
  /** No plan can use less: the largest sum of blocks alive at once. */
  arenaLowerBoundBytes: z.number(),
  /** What two alternating buffers and copies of skip connections would take; null in records of older versions. */
  doubleBufferBytes: z.number().nullable().default(null),
  /** Where the Image lies: the lowest usable address. Null in records of older versions. */
  imageAddress: z.number().nullable().default(null),
  /** Image (unless it lies in flash), arena and one batch of images and outputs. */
  peakRamBytes: z.number(),
  ramBytes: z.number(),
  blocks: z.array(memoryBlockSchema),
  layers: z.array(planLayerSchema),
  /** Sum over the layers and what is outside them; null without a proxy. */
  predicted: z.number().nullable(),
  /** Whether the prediction is on the line through two whole networks that were run (proxy.calibrate). */
  calibrated: z.boolean().default(false)
})

/** What a deployment will send and need, before anything is sent. */
export type DeployPlan = z.infer<typeof deployPlanSchema>

export const deployRequestSchema = z.object({
  modelId: z.string(),
  scheme: schemeSchema,
  /** How the scheme's weights were found; the one the search evaluated with. */
  method: methodSchema.default('ptq'),
  boardId: z.string(),
  /** Test images to run on the board. */
  images: z.number().int().min(1).max(10_000).default(200),
  /** Proxies that predict: null uses the pinned ones. */
  proxyId: z.string().nullable().default(null),
  /** `image`: table-driven Image for the resident runtime; `c`: generated C, compiled here and called on the board. */
  form: z.enum(['image', 'c']).default('image')
})

/** A network to deploy on a board. */
export type DeployRequest = z.infer<typeof deployRequestSchema>

export const deployStepSchema = z.enum(['plan', 'quantize', 'build', 'upload', 'check', 'run', 'done'])

/** Bounds of a cost per image, over batches of images: in the unit of the deployment. */
const costIntervalSchema = z.object({ low: z.number(), high: z.number() })

export const layerCostSchema = z.object({
  name: z.string(),
  op: z.string(),
  predicted: z.number().nullable(),
  measured: z.number(),
  /** 95 % interval of `measured` over the images; null where they ran in one batch, and in deployments of an older version. */
  interval: costIntervalSchema.nullable().default(null),
  /** (predicted - measured) / measured. */
  relativeError: z.number().nullable()
})

export const mismatchSchema = z.object({
  image: z.number(),
  output: z.number(),
  board: z.number(),
  host: z.number()
})

export const deploymentSchema = z.object({
  id: z.string(),
  jobId: z.string().nullable(),
  state: storedRunStateSchema,
  step: deployStepSchema,
  request: deployRequestSchema,
  modelName: z.string(),
  boardName: z.string(),
  /** What the images were taken from; null in deployments of an older version. */
  dataSet: z.string().nullable().default(null),
  startedAtMs: z.number(),
  finishedAtMs: z.number().nullable(),
  plan: deployPlanSchema.nullable(),
  unit: z.enum(countUnits),
  origin: originSchema,
  clockHz: z.number().nullable(),
  imagesDone: z.number(),
  /** True: every output of every image is equal to the host's integer reference. Null until all are compared. */
  bitExact: z.boolean().nullable(),
  /** The first differences, at most 20. */
  mismatches: z.array(mismatchSchema),
  boardAccuracy: z.number().nullable(),
  hostAccuracy: z.number().nullable(),
  /** Per image. */
  predicted: z.number().nullable(),
  /** Null until the run is over, and after it on a core that counts nothing and could not be timed. */
  measured: z.number().nullable(),
  /** 95 % interval of `measured` over the images; null where they ran in one batch, and in deployments of an older version. */
  interval: costIntervalSchema.nullable().default(null),
  /**
   * How, where no counter of the board was read: by the host's clock, with its interval; or why nothing could be measured.
   * Null otherwise.
   */
  measuredBy: z.string().nullable().default(null),
  relativeError: z.number().nullable(),
  layers: z.array(layerCostSchema),
  /** What a failure was, and what to do. */
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable()
})

/** A deployment with its comparison and counters. */
export type Deployment = z.infer<typeof deploymentSchema>

export const deployEnergyRequestSchema = deployRequestSchema
  .pick({ modelId: true, scheme: true, method: true, boardId: true })
  .extend({
    /** The meter in the supply of that board. */
    meter: meterSetupSchema,
    /** Rounds over all phases: each gives one value of every interval. */
    trials: z.number().int().min(2).max(100).default(5),
    /** Least time of a phase, ms. */
    trialMs: z.number().min(200).max(60_000).default(1_000),
    /** Rest before, for the idle baseline, ms. */
    idleMs: z.number().min(500).max(60_000).default(2_000),
    /** Each layer's kernels by themselves too. */
    layers: z.boolean().default(true)
  })

/** A network whose energy on a board is measured. */
export type DeployEnergyRequest = z.infer<typeof deployEnergyRequestSchema>

export const deployContract = defineContract({
  commands: {
    /** Memory and predicted latency without touching the line; the board must be connected. */
    'deploy.plan': command(
      deployRequestSchema.pick({ modelId: true, scheme: true, method: true, boardId: true, proxyId: true }),
      z.object({ plan: deployPlanSchema })
    ),
    'deploy.run': command(deployRequestSchema, z.object({ jobId: z.string(), deploymentId: z.string() })),
    /**
     * Energy of an inference and of each layer's kernels on a connected board, by a power meter: a recording of the gpu noun
     * with the phases `idle`, `inference` and `layer NAME`; energy.report judges it.
     */
    'deploy.energy': command(
      deployEnergyRequestSchema,
      z.object({
        jobId: z.string(),
        recordingId: z.string(),
        /** Layers with a phase of their own. */
        layers: z.array(z.string()),
        /** Energy of an inference as proxies of the board's energy predict it, J; null without such proxies. */
        predictedJ: z.number().nullable()
      })
    ),
    /** Runs an interrupted, failed or cancelled deployment again from its start, under its id. */
    'deploy.resume': command(
      z.object({ deploymentId: z.string() }),
      z.object({ jobId: z.string(), deploymentId: z.string() })
    ),
    /** Outputs of an ONNX file on the items of a .npy array, computed by the board; both files are read by the host. */
    'deploy.outputs': command(
      z.object({
        file: z.string().min(1),
        /** Arrays (.npy) with the items of an input by name; a null name: of the only input, or of all one behind the other. */
        inputs: z.array(z.object({ name: z.string().min(1).nullable(), file: z.string().min(1) })).min(1),
        /** int8, one bit pair for all layers, or one per layer. */
        scheme: z.string().min(1),
        /** Name of an output; null: the first. */
        output: z.string().nullable(),
        boardId: z.string()
      }),
      z.object({
        outputs: z.array(
          z.object({ name: z.string(), shape: z.array(z.number()), values: z.array(z.number()) })
        ),
        /** Every int32 result equals the host's integer reference. */
        equalsHost: z.boolean()
      })
    ),
    'deploy.list': command(nothing, z.object({ deployments: z.array(deploymentSchema) })),
    'deploy.get': command(z.object({ deploymentId: z.string() }), z.object({ deployment: deploymentSchema })),
    'deploy.forget': command(z.object({ deploymentId: z.string() }), done),
    /** Writes self-contained C (weights, plan, main, linker script, Makefile) into a folder on this machine. */
    'deploy.export': command(
      z.object({
        modelId: z.string(),
        scheme: schemeSchema,
        method: methodSchema.default('ptq'),
        /** Images baked into the program's self-check. */
        images: z.number().int().min(1).max(64).default(4),
        folder: z.string().min(1),
        /** A connected board: planned for its kernels and memory. Nothing is connected for an export. */
        boardId: z.string().nullable().default(null),
        /** Memory of the target in bytes where no board is named; null: no limit but the largest virtual board's. */
        ramBytes: z.number().int().min(1024).max(0x4000_0000).nullable().default(null)
      }),
      z.object({ folder: z.string(), files: z.array(z.object({ name: z.string(), sizeBytes: z.number() })) })
    ),
    /** Writes monitor and network as one file for the flash of a board that executes in place; nothing is connected. */
    'deploy.flash': command(
      z.object({
        modelId: z.string(),
        scheme: schemeSchema,
        method: methodSchema.default('ptq'),
        description: boardDescriptionSchema,
        /** A file that does not exist yet. */
        file: z.string().min(1)
      }),
      z.object({
        file: z.string(),
        sizeBytes: z.number(),
        /** Where the file belongs. */
        address: z.number(),
        monitorBytes: z.number(),
        imageAddress: z.number(),
        imageBytes: z.number(),
        arenaBytes: z.number()
      })
    ),
    /** A model under a scheme on the BitFusion accelerator, by its analytic model; runs nothing. */
    'deploy.bitfusion': command(
      z.object({
        modelId: z.string(),
        scheme: arraySchemeSchema,
        hardware: bitFusionHardwareSchema.partial().default({})
      }),
      z.object({ graph: bitFusionGraphSchema, text: z.string() })
    )
  },
  events: {
    'deploy.changed': deploymentSchema
  }
})
