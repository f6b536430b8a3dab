import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { taskMetricSchema } from '../../shared/contract/workload/workloadRows'

/** Card of a shipped network: resources/workloads/<name>.json. */
const cardSchema = z.object({
  name: z.string(),
  file: z.string(),
  dataset: z.string(),
  title: z.string(),
  task: taskMetricSchema,
  batch: z.number().int().positive(),
  notes: z.array(z.string()).default([])
})

/** Card of a shipped network, and its folder. */
export type NetworkCard = z.infer<typeof cardSchema> & { folder: string }

/** Networks with test sets that come with Bitbench, by name. */
export function shippedNetworks(folder: string): NetworkCard[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({
      ...cardSchema.parse(JSON.parse(readFileSync(path.join(folder, file), 'utf8'))),
      folder
    }))
}
