import { z } from 'zod'
import { command, defineContract, nothing } from './define'
import { methodSchema, schemeSchema } from './model'

/** Search: which Scheme keeps the most accuracy within a Budget. */
export const strategySchema = z.enum(['mico', 'greedy', 'random'])
export type StrategyName = z.infer<typeof strategySchema>

/** What the budget counts. `proxy` is latency as a fitted Proxy predicts it, in the proxy's own unit. */
export const costKindSchema = z.enum(['proxy', 'bops', 'size'])
export type CostKind = z.infer<typeof costKindSchema>

export const costUnitSchema = z.enum(['cycles', 'instructions', 'bops', 'bytes'])
export type CostUnit = z.infer<typeof costUnitSchema>

/** One evaluated scheme. */
export const candidateSchema = z.object({
  /** 0-based order of evaluation. */
  index: z.number(),
  scheme: schemeSchema,
  cost: z.number(),
  /** Share of the search split answered right. */
  accuracy: z.number(),
  feasible: z.boolean(),
  /** Why it was tried. */
  phase: z.enum(['initial', 'search', 'refine']),
  /** Accuracy the strategy expected before it looked; null where it had no model. */
  expectedAccuracy: z.number().nullable(),
  /** Best feasible accuracy up to here; null while nothing was feasible. */
  bestAccuracy: z.number().nullable()
})
export type CandidateJson = z.infer<typeof candidateSchema>

export const searchRequestSchema = z.object({
  modelId: z.string(),
  strategy: strategySchema.default('mico'),
  cost: costKindSchema.default('bops'),
  /** A pinned or stored proxy; required when cost is `proxy`, unless one is pinned. */
  proxyId: z.string().nullable().default(null),
  /** Budget as a share of the all-8-bit network's cost. */
  budgetRatio: z.number().positive().max(1).default(0.7),
  evaluations: z.number().int().min(2).max(1000).default(32),
  method: methodSchema.default('ptq'),
  seed: z.number().int().min(0).default(1)
})
export type SearchRequest = z.infer<typeof searchRequestSchema>

export const searchStateSchema = z.enum(['running', 'done', 'cancelled', 'failed', 'interrupted'])

export const searchSchema = z.object({
  id: z.string(),
  jobId: z.string().nullable(),
  request: searchRequestSchema,
  state: searchStateSchema,
  startedAtMs: z.number(),
  costUnit: costUnitSchema,
  /** Cost of all-8-bit and of the cheapest scheme there is. */
  baselineCost: z.number(),
  minimumCost: z.number(),
  budget: z.number(),
  /** False when even the cheapest scheme is dearer than the budget. */
  budgetFeasible: z.boolean(),
  /** On the search split. */
  int8Accuracy: z.number().nullable(),
  floatAccuracy: z.number().nullable(),
  trace: z.array(candidateSchema),
  best: candidateSchema.nullable(),
  /** The best scheme, int8 and float on images no choice was made on; null until the search has ended. */
  test: z
    .object({ images: z.number(), best: z.number().nullable(), int8: z.number(), float: z.number() })
    .nullable()
})
export type Search = z.infer<typeof searchSchema>

export const searchContract = defineContract({
  commands: {
    'search.start': command(searchRequestSchema, z.object({ searchId: z.string(), jobId: z.string() })),
    /** Without traces. */
    'search.list': command(nothing, z.object({ searches: z.array(searchSchema.omit({ trace: true })) })),
    'search.get': command(z.object({ searchId: z.string() }), z.object({ search: searchSchema })),
    /** Goes on where an interrupted or cancelled search stopped; nothing is evaluated twice. */
    'search.resume': command(
      z.object({ searchId: z.string() }),
      z.object({ searchId: z.string(), jobId: z.string() })
    ),
    /** Cost of any scheme under a search's cost, for what-ifs. */
    'search.cost': command(
      z.object({
        modelId: z.string(),
        cost: costKindSchema,
        proxyId: z.string().nullable().default(null),
        scheme: schemeSchema
      }),
      z.object({ cost: z.number(), baselineCost: z.number(), unit: costUnitSchema })
    )
  },
  events: {
    'search.traced': z.object({ searchId: z.string(), candidate: candidateSchema }),
    'search.changed': searchSchema.omit({ trace: true })
  }
})
