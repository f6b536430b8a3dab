/**
 * The experiments of the MiCo paper (arXiv 2508.09500) with this product's parts; tables in Markdown as in docs/paper.md.
 *
 *   npm run bench:paper -- NAME [--seeds 5] [--seed 1] [--schemes 8] [--longest 300000] [--json]
 *
 * Without a name it lists them. --schemes and --longest (images that the longest retraining sees) are of shortTraining.
 */
import { cpus } from 'node:os'
import { markdown, type Experiment } from './paper/experiment'
import { guidance } from './paper/guidance'
import { predictor } from './paper/predictor'
import { sampling } from './paper/sampling'
import { shapeFeatures } from './paper/shapeFeatures'
import { shortTraining } from './paper/shortTraining'
import { budgets, tightness } from './paper/tightness'
import { readFlags, whole } from './flags'

const experiments: Readonly<Record<string, Experiment>> = {
  guidance,
  sampling,
  budgets,
  tightness,
  predictor,
  shortTraining,
  shapeFeatures
}

const { positionals, values } = readFlags(
  {
    allowPositionals: true,
    options: {
      seeds: { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
      schemes: { type: 'string', default: '8' },
      longest: { type: 'string', default: '300000' },
      json: { type: 'boolean', default: false }
    }
  },
  { seeds: whole(), seed: whole(0), schemes: whole(3), longest: whole() }
)
const [name] = positionals
const experiment = name === undefined ? undefined : experiments[name]
const [seeds, seed] = [Number(values.seeds), Number(values.seed)]
const [schemes, longest] = [Number(values.schemes), Number(values.longest)]
if (experiment === undefined) {
  const lines = Object.entries(experiments).map(([key, { question }]) => `  ${key.padEnd(16)}${question}`)
  console.error(
    [
      'usage: npm run bench:paper -- NAME [--seeds 5] [--seed 1] [--schemes 8] [--longest 300000] [--json]',
      ...lines
    ].join('\n')
  )
  process.exit(2)
}
const started = process.cpuUsage()
const tables = await experiment.run({ seeds, seed, schemes, longest })
const { user, system } = process.cpuUsage(started)
const machine = `${cpus()[0]?.model.trim()}, ${((user + system) / 1e6).toFixed(0)} s of processor time`
if (values.json)
  console.log(JSON.stringify({ name, question: experiment.question, seeds, seed, machine, tables }, null, 2))
else console.log([`## ${experiment.question}`, '', ...tables.map(markdown)].join('\n'))
