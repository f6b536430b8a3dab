import { z } from 'zod'
import { command, defineContract, nothing, originSchema } from './framework/define'
import { appErrorSchema } from './job'

/** Files of a language model: a checkpoint (or the shipped model's name) and what belongs to it. */
export const lmFilesSchema = z
  .object({
    model: z.string().trim().min(1).max(4096),
    /** Without: tokenizer.bin or tokenizer.json beside the model. */
    tokenizer: z.string().trim().min(1).max(4096).optional(),
    /** Texts to choose scales on, one a line. */
    calibration: z.string().trim().min(1).max(4096).optional(),
    /** Texts to measure on, one a line. */
    text: z.string().trim().min(1).max(4096).optional()
  })
  .strict()

/** Files of a language model as a user names them. */
export type LmFilesJson = z.infer<typeof lmFilesSchema>

/** `w4a8` for all matrices, then exceptions: `w4a8,w2=w8a8,0.wo=w8a8,cls=w8a8,kv=4`. */
const schemeText = z.string().trim().min(4).max(4096)

const lmInfoSchema = z.object({
  name: z.string(),
  dim: z.number(),
  hiddenDim: z.number(),
  layers: z.number(),
  heads: z.number(),
  kvHeads: z.number(),
  vocabulary: z.number(),
  sequenceLength: z.number(),
  tied: z.boolean(),
  headSize: z.number(),
  parameters: z.number(),
  /** Keys and values of all positions at 8 bits. */
  cacheBytesAt8Bits: z.number(),
  /** Whether texts to choose scales on, and to measure on, are known. */
  hasCalibration: z.boolean(),
  hasText: z.boolean()
})

/** Sizes of a language model. */
export type LmInfo = z.infer<typeof lmInfoSchema>

const lmMemorySchema = z.object({
  programBytes: z.number(),
  weightBytes: z.number(),
  tableBytes: z.number(),
  cacheBytes: z.number(),
  workBytes: z.number(),
  freeBytes: z.number()
})

/** What a language model takes of a board's RAM. */
export type LmMemory = z.infer<typeof lmMemorySchema>

const lmStepSchema = z.object({
  position: z.number().int(),
  token: z.number().int(),
  cycles: z.number(),
  instructions: z.number(),
  /** The token of the host's integer reference is the same. */
  equal: z.boolean(),
  /** The prompt goes on behind this step: its token is not used. */
  forced: z.boolean(),
  /** What the step adds to the text. */
  text: z.string(),
  /** Cycles of each part of each layer, [layers + 1][parts]; the last row is embedding and classifier. */
  parts: z.array(z.number())
})

/** One token that a board made. */
export type LmStep = z.infer<typeof lmStepSchema>

const lmChatSchema = z.object({
  jobId: z.string(),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  error: appErrorSchema.nullable(),
  modelName: z.string(),
  boardName: z.string(),
  origin: originSchema,
  unit: z.enum(['cycles', 'instructions']),
  clockHz: z.number().nullable(),
  scheme: z.string(),
  prompt: z.string(),
  layers: z.number().int(),
  sequenceLength: z.number().int(),
  /** Null until the image is planned. */
  memory: lmMemorySchema.nullable(),
  /** Bytes of the cache that one position takes, in all layers. */
  cacheBytesPerPosition: z.number()
})

/** A text that a board continues or has continued, without its steps. */
export type LmChat = z.infer<typeof lmChatSchema>

const perplexitySchema = z.object({
  tokens: z.number(),
  natsPerToken: z.number(),
  perplexity: z.number(),
  /** 95 %, by resampling documents. */
  low: z.number(),
  high: z.number()
})
const schemePerplexitySchema = perplexitySchema.extend({
  scheme: z.string(),
  overFloat: z.object({ ratio: z.number(), low: z.number(), high: z.number() })
})

const lmLossSchema = z.object({
  jobId: z.string(),
  state: lmChatSchema.shape.state,
  error: appErrorSchema.nullable(),
  modelName: z.string(),
  seed: z.number(),
  /** Null while it is measured. */
  measured: z
    .object({
      documents: z.number(),
      float: perplexitySchema,
      schemes: z.array(schemePerplexitySchema)
    })
    .nullable()
})

/** Perplexity of a model in float and by scheme. */
export type LmLoss = z.infer<typeof lmLossSchema>

/** Language models: read, continued on a board, measured by scheme. */
export const lmContract = defineContract({
  commands: {
    /** Reads a model and its tokenizer. */
    'lm.info': command(z.object({ files: lmFilesSchema }).strict(), lmInfoSchema),
    /** The memory plan of a scheme on a connected board; nothing is sent. */
    'lm.plan': command(
      z.object({ files: lmFilesSchema, scheme: schemeText, boardId: z.string() }).strict(),
      z.object({ memory: lmMemorySchema, scheme: z.string() })
    ),
    /** Continues a text on a connected board, as a Job; tokens come as events. */
    'lm.chat': command(
      z
        .object({
          files: lmFilesSchema,
          scheme: schemeText.default('w4a8'),
          boardId: z.string(),
          prompt: z.string().max(8192),
          tokens: z.number().int().min(1).max(1024).default(64),
          /** Goes on where the model ends a text. */
          toTheEnd: z.boolean().default(false)
        })
        .strict(),
      z.object({ jobId: z.string() })
    ),
    /** Measures float and schemes on the same documents, as a Job. */
    'lm.perplexity': command(
      z
        .object({
          files: lmFilesSchema,
          schemes: z.array(schemeText).min(1).max(16),
          documents: z.number().int().min(2).max(100_000).default(100),
          seed: z.number().int().min(0).max(0xffff_ffff).default(1)
        })
        .strict(),
      z.object({ jobId: z.string() })
    ),
    /** The last text with its steps, and the last perplexities, of this process. */
    'lm.last': command(
      nothing,
      z.object({ chat: lmChatSchema.nullable(), steps: z.array(lmStepSchema), loss: lmLossSchema.nullable() })
    )
  },
  events: {
    'lm.chatChanged': lmChatSchema,
    /** Steps since the last such event. */
    'lm.steps': z.object({ jobId: z.string(), steps: z.array(lmStepSchema) }),
    'lm.lossChanged': lmLossSchema
  }
})
