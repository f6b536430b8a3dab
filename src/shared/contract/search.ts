import { z } from 'zod'
import { costUnits, objectives, runStates, strategyNames, searchPhases } from '../vocabulary'
import { command, defineContract, nothing } from './framework/define'
import { scoreNames } from '../score'
import { appErrorSchema } from './job'
import { impactChangeSchema } from './workload/workloadRows'
import { bitsSchema, methodSchema, schemeSchema, splitSchema } from './model'

/** Search: which Scheme loses least within its Budgets. */
export const strategySchema = z.enum(strategyNames)

/** What is minimised over the search items. KL to the float network and MSE of the scores need no labels. */
export const objectiveSchema = z.enum(objectives)

/**
 * What a budget counts. `proxy` is latency as a fitted Proxy predicts it, in the proxy's own unit; `boardEnergy` the energy of one
 * inference as proxies of a board's energy predict it, nJ; `bitfusion` the cycles of the accelerator's analytic model; `energy` an
 * analytic estimate for 45 nm; `ram` the peak of the memory plan.
 */
export const costKindSchema = z.enum(['proxy', 'boardEnergy', 'bops', 'size', 'ram', 'energy', 'bitfusion'])

/** What a budget limits. */
export type CostKind = z.infer<typeof costKindSchema>

export const costUnitSchema = z.enum(costUnits)

/** A scheme against int8 on the same items. */
export const pairedSchema = z.object({
  images: z.number(),
  /** Items only int8 gets right. */
  lost: z.number(),
  /** Items only the scheme gets right. */
  gained: z.number(),
  /** Accuracy minus int8's, 0..1. */
  difference: z.number(),
  /** Half the width of the 95 % interval of the difference. */
  margin: z.number()
})

/** Paired difference of accuracy with its margin. */
export type PairedJson = z.infer<typeof pairedSchema>

/** One evaluated scheme. */
export const candidateSchema = z.object({
  /** 0-based order of evaluation. */
  index: z.number(),
  /** 0-based number of the batch it was proposed in. */
  batch: z.number(),
  scheme: schemeSchema,
  /** Under the first budget. */
  cost: z.number(),
  /** Under every budget, in their order. */
  costs: z.array(z.number()),
  /** Share of the search split predicted right; of other tasks their score (Search.metric). */
  accuracy: z.number(),
  /** KL(float || quantized) in nats, cross-entropy in nats and MSE of the scores; null in searches of older versions. */
  kl: z.number().nullable(),
  crossEntropy: z.number().nullable(),
  mse: z.number().nullable(),
  /** The objective's value, smaller is better. */
  loss: z.number(),
  /** Within every budget. */
  feasible: z.boolean(),
  /** Why it was tried. */
  phase: z.enum(searchPhases),
  /** Loss the strategy expected before it looked; null where it had no model. */
  expectedLoss: z.number().nullable(),
  /** Least feasible loss up to here; null while nothing was feasible. */
  bestLoss: z.number().nullable(),
  /** Accuracy of the scheme of least loss up to here. */
  bestAccuracy: z.number().nullable(),
  /** Against int8 on the search items; null where a task has no right and wrong, and in searches of older versions. */
  versusInt8: pairedSchema.nullable()
})

/** An evaluated scheme. */
export type CandidateJson = z.infer<typeof candidateSchema>

/** A budget: at most this share of the all-8-bit network's cost. */
export const budgetSchema = z.object({
  cost: costKindSchema,
  ratio: z.number().positive().max(1)
})

/** A budget of a search. */
export type BudgetJson = z.infer<typeof budgetSchema>

/** Widths a layer may have; absent: all. One width pins it. */
export const allowedBitsSchema = z.object({
  layer: z.string(),
  weightBits: z.array(bitsSchema).min(1).optional(),
  activationBits: z.array(bitsSchema).min(1).optional()
})

export const searchRequestSchema = z.object({
  modelId: z.string(),
  strategy: strategySchema.default('auto'),
  objective: objectiveSchema.default('kl'),
  cost: costKindSchema.default('bops'),
  /** A pinned or stored proxy; required when a cost is `proxy`, unless one is pinned. */
  proxyId: z.string().nullable().default(null),
  /** Budget as a share of the all-8-bit network's cost; null: no limit. */
  budgetRatio: z.number().positive().max(1).nullable().default(0.7),
  /** Budgets that are to be kept besides. */
  alsoWithin: z.array(budgetSchema).max(5).default([]),
  allowed: z.array(allowedBitsSchema).default([]),
  evaluations: z.number().int().min(2).max(1000).default(32),
  /** Schemes proposed and evaluated at a time; the trace depends on it, but not on the number of workers. */
  batch: z.number().int().min(1).max(64).default(4),
  method: methodSchema.default('ptq'),
  seed: z.number().int().min(0).default(1),
  /** Evaluated first, e.g. the scheme a quantized file was exported with. */
  start: schemeSchema.optional(),
  /** Workload run of the same network: its impact of layers on predictions takes the place of the strategy's own probes. */
  workloadId: z.string().optional(),
  /** So many of the best candidates are retrained towards the float network at the end; only where candidates are not retrained anyway. */
  retrainTop: z.number().int().min(0).max(10).default(0)
})

/** A search to start. */
export type SearchRequest = z.infer<typeof searchRequestSchema>

/** Best candidates retrained at the end, and which network KL on the search items keeps; those items are in no training. */
export const retrainedSchema = z.object({
  method: methodSchema,
  /** By candidate, on the search items; of the best candidates in their order. */
  entries: z.array(z.object({ index: z.number(), kl: z.number(), accuracy: z.number() })),
  /** Candidate of least KL, as fitted or retrained; null until all are done. */
  kept: z.object({ index: z.number(), isRetrained: z.boolean(), kl: z.number() }).nullable(),
  /** The kept one on the images of `test`. */
  test: z.object({ accuracy: z.number(), versusInt8: pairedSchema.nullable() }).nullable()
})

/** What retraining the best candidates came to. */
export type RetrainedJson = z.infer<typeof retrainedSchema>

const speedSchema = z.object({
  /** Sum of the evaluations' own times where they ran, ms. */
  evaluationMs: z.number(),
  /** Time during which at least one evaluation was under way, ms; waiting for a queue server counts. */
  wallMs: z.number(),
  /** Evaluations that were computed; those with a known result are left out. */
  evaluations: z.number(),
  /** wallMs when each scheme of the trace was kept; absent in searches of older versions. */
  keptAtMs: z.array(z.number()).optional()
})

/** How fast a search evaluated: evaluationMs / wallMs is its speed-up. */
export type SearchSpeed = z.infer<typeof speedSchema>

/** Impact of layers that a search goes by. */
export const searchSensitivitySchema = z.object({
  workloadId: z.string(),
  /** Network of the workload run. */
  model: z.string(),
  /** content: the run measured this very file; names: its runner did not say which, and layers are matched by name alone. */
  matchedBy: z.enum(['content', 'names']).default('names'),
  /** The change that the losses come from. */
  change: impactChangeSchema,
  /** Width that they count for. */
  bits: bitsSchema,
  /** KL in nats by layer; null: unknown, the median of the others is taken. */
  losses: z.array(z.number().nullable())
})

/** Impact of layers that a search takes from a workload run. */
export type SearchSensitivity = z.infer<typeof searchSensitivitySchema>

export const searchStateSchema = z.enum(runStates)

export const searchSchema = z.object({
  id: z.string(),
  jobId: z.string().nullable(),
  request: searchRequestSchema,
  state: searchStateSchema,
  /** Why it failed; null in other states and in failed searches of older versions. */
  error: appErrorSchema.omit({ details: true }).nullable().default(null),
  startedAtMs: z.number(),
  /** What the search was about, by name; board: where its latency holds. Null in searches of older versions. */
  about: z.object({ model: z.string(), dataSet: z.string(), board: z.string().nullable() }).nullable(),
  costUnit: costUnitSchema,
  /** Cost of all-8-bit and of the cheapest scheme there is. */
  baselineCost: z.number(),
  minimumCost: z.number(),
  /** Null: no limit. */
  budget: z.number().nullable(),
  /** The same for every further budget, in the order of request.alsoWithin. */
  otherLimits: z.array(
    z.object({
      unit: costUnitSchema,
      baselineCost: z.number(),
      minimumCost: z.number(),
      budget: z.number()
    })
  ),
  /** False when no scheme is within all budgets. */
  budgetFeasible: z.boolean(),
  /** Where none is: what the scheme that exceeds its budgets least costs under each; absent in searches of older versions. */
  nearestCosts: z.array(z.number()).optional(),
  /** What is called accuracy here; known from the first evaluation on. */
  metric: z.enum(scoreNames).default('accuracy'),
  /** On the search split. */
  int8Accuracy: z.number().nullable(),
  floatAccuracy: z.number().nullable(),
  /** In place of probes; kept with the search, so that it resumes when the workload run is gone. */
  sensitivity: searchSensitivitySchema.optional(),
  trace: z.array(candidateSchema),
  best: candidateSchema.nullable(),
  /** The best scheme, int8 and float on images no choice was made on; null until the search has ended. */
  test: z
    .object({
      split: splitSchema,
      images: z.number(),
      best: z.number().nullable(),
      int8: z.number(),
      float: z.number(),
      /** Best against int8 on the same images; null without a best or right and wrong, and in searches of older versions. */
      versusInt8: pairedSchema.nullable()
    })
    .nullable(),
  /** Null where nothing is to be retrained. */
  retrained: retrainedSchema.nullable().default(null),
  /** Null in searches of older versions and before the first evaluation. */
  speed: speedSchema.nullable().default(null)
})

/** A search as it is stored. */
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
    /** A new candidate, and how fast the search has evaluated so far. */
    'search.traced': z.object({
      searchId: z.string(),
      candidate: candidateSchema,
      speed: speedSchema.nullable()
    }),
    'search.changed': searchSchema.omit({ trace: true })
  }
})
