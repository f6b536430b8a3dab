import { parseVerbArguments, type CliContext } from '@main/cli/framework/framework'
import type { workloadFiguresVerb } from '@main/cli/workload/workloadFigures'
import { benchmarkRow, figure, layerRow, missing, sampleTables } from '../../core/workload/statistics/tables'

/** Stored runs of a data file without any. */
export const stored = async () => {
  throw new Error('no stored run')
}
const context = (cwd: string) => ({ cwd, json: true, log: () => undefined }) as unknown as CliContext
/** Runs a verb of workload figures in a folder. */
export const run = (verb: ReturnType<typeof workloadFiguresVerb>, cwd: string, ...argv: string[]) =>
  verb.run(parseVerbArguments(verb, argv), context(cwd))

/** The same network without energy, with another test metric, and an INVALID figure with a comma in its reason. */
export const languageModel = sampleTables({
  benchmark: [
    benchmarkRow('fp32', 3000, {
      metric: 'perplexity',
      quality: figure(31),
      energyNetJ: missing,
      energyTotalJ: missing
    }),
    benchmarkRow('int4', 1000, {
      metric: 'perplexity',
      quality: figure(35),
      energyNetJ: missing,
      energyTotalJ: missing
    })
  ],
  layers: sampleTables().layers.map((row, at) =>
    layerRow(row.layer, null, {
      type: row.type,
      timeShare: 0.125,
      timeUs: figure(5 + at, {
        verdict: at === 0 ? 'INVALID' : 'VALID',
        reason: at === 0 ? 'Short, "very".' : null
      })
    })
  )
})
