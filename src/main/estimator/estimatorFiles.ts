import { createHash } from 'node:crypto'
import path from 'node:path'
import { z } from 'zod'
import {
  estimatorFormat,
  estimatorFromJson,
  estimatorToJson,
  type EstimatorJson,
  type LatencyEstimator
} from '../../core/estimator/fit/estimator'
import type { StageSample } from '../../core/estimator/samples/stageSample'
import { AppError } from '../../shared/errors'
import { readRegularFile } from '../files/readRegularFile'
import { writeWholeFile } from '../files/replaceFile'

export const estimatorFileName = 'best_latency_estimator.json'

/** SHA-256 over the samples in their order: two estimators with the same hash saw the same data. */
export function hashSamples(samples: readonly StageSample[]): string {
  const hash = createHash('sha256')
  for (const { knobs, stages, outputTokens, decodePerTokenMs } of samples)
    hash.update(JSON.stringify([knobs, stages, outputTokens, decodePerTokenMs]))
  return hash.digest('hex')
}

/** Writes an estimator as JSON. @throws store.exportFailed */
export async function writeEstimator(
  file: string,
  estimator: LatencyEstimator,
  facts: Pick<EstimatorJson, 'seed' | 'origin' | 'dataHash' | 'rows'>
): Promise<void> {
  await writeWholeFile(file, `${JSON.stringify(estimatorToJson(estimator, facts))}\n`)
}

const header = z.object({
  format: z.literal(estimatorFormat),
  version: z.number().int(),
  stages: z.array(z.string()).min(1),
  codec: z.object({ knobs: z.array(z.object({ name: z.string() })) }),
  models: z.object({ kind: z.enum(['perStage', 'unified', 'total']) }),
  dataHash: z.string(),
  logRatios: z.array(z.number())
})

/** Reads best_latency_estimator.json, or the folder that holds it. @throws input.notFound, input.unsupported */
export async function readEstimator(
  file: string
): Promise<{ estimator: LatencyEstimator; json: EstimatorJson }> {
  const target = file.endsWith('.json') ? file : path.join(file, estimatorFileName)
  const text = (await readRegularFile(target)).toString('utf8')
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw notAnEstimator(target, cause)
  }
  const read = header.safeParse(json)
  if (!read.success) throw notAnEstimator(target, read.error)
  const stored = json as EstimatorJson
  return { estimator: estimatorFromJson(stored), json: stored }
}

function notAnEstimator(file: string, cause: unknown): AppError {
  return new AppError(
    'input.unsupported',
    `${path.basename(file)} is not a latency estimator.`,
    'Give best_latency_estimator.json of `bitbench estimator train`.',
    { cause }
  )
}
