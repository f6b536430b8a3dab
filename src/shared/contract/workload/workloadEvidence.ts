import { z } from 'zod'
import { phaseEnergySchema } from '../energy'
import { gpuSensorSchema } from '../gpu'
import { originSchema } from '../framework/define'
import { layerEventSchema } from './workloadProtocol'
import {
  figureSchema,
  klRoundingSchema,
  loopCopiesSchema,
  mcNemarSchema,
  workloadPrecisionSchema
} from './workloadRows'

/** What the finished steps of a workload run left behind; its tables are computed from this and nothing else. */

/** One timed phase: how long it took by the runner's own clock. */
export const timingSchema = z.object({
  /** Id of the step. */
  name: z.string(),
  durationMs: z.number(),
  repetitions: z.number(),
  /** Of the GPU when the trial was sent, degrees Celsius; null without one. */
  startC: z.number().nullable().default(null),
  /** Waited for that temperature, ms. */
  cooledMs: z.number().default(0),
  copies: loopCopiesSchema.nullable().default(null)
})

/** Duration of a timed loop. */
export type Timing = z.infer<typeof timingSchema>

/** Outputs of one variant against the original on the same samples. */
export const variantSchema = z.object({
  /** baseline, precision:<precision>, <change>:<layer>. */
  name: z.string(),
  quality: figureSchema,
  klNats: figureSchema,
  klRoundingNats: klRoundingSchema,
  qualityChange: figureSchema,
  perplexityRatio: figureSchema.nullable(),
  mcNemar: mcNemarSchema.nullable(),
  changedShare: z.number()
})

/** Predictions of a changed network, compared with the original's. */
export type Variant = z.infer<typeof variantSchema>

/** Energy of the phases of one session of a run (it has several when it was resumed), one GPU. */
export const sessionEnergySchema = z.object({
  recordingId: z.string(),
  origin: originSchema,
  sensor: gpuSensorSchema,
  /** Power at rest with everything loaded, before and after the steps, W; null where it was not taken. */
  idleBeforeW: z.number().nullable().default(null),
  idleAfterW: z.number().nullable().default(null),
  /** Worked out while its recording was running; replaced at its end. */
  provisional: z.boolean().default(false),
  /** Why no figure of this session may be quoted: others were on the GPU. */
  doubts: z.array(z.string()).default([]),
  /** What is to be known of its figures: MIG, the power limit, clocks that were locked. */
  notes: z.array(z.string()).default([]),
  phases: z.array(phaseEnergySchema)
})

/** Energy of the recording of a session. */
export type SessionEnergy = z.infer<typeof sessionEnergySchema>

export const workloadEvidenceSchema = z.object({
  layers: z.array(layerEventSchema),
  timings: z.array(timingSchema),
  /** Durations of single forward passes by benchmark step, µs, one list per trial. */
  latencies: z.record(z.string(), z.array(z.array(z.number()))),
  weightBytes: z.partialRecord(workloadPrecisionSchema, z.number()),
  variants: z.array(variantSchema),
  energies: z.array(sessionEnergySchema),
  /** What the GPU cools down to before a trial, degrees Celsius; null without one. */
  coolToC: z.number().nullable().default(null),
  /** What became of recordings that did not last as long as their session. */
  notes: z.array(z.string()).default([])
})

/** Everything measured, from which the tables are made. */
export type WorkloadEvidence = z.infer<typeof workloadEvidenceSchema>
