/**
 * MLPerf Tiny's four networks at int8 and at the scheme that a search finds within a latency budget: cost per item on virtual
 * boards and on QEMU (instructions), RAM, image and the score on the test split, beside the sizes of the published networks.
 * Every output on a board must equal the host's. The search takes latency from proxies fitted on its own profile.
 *
 *   npm run bench:tiny -- [--networks resnet8-tinted,…] [--boards virtual:small,qemu] [--evaluations 12] [--budget 0.8]
 *                         [--images 2] [--seed 1] [--json]
 *
 * The shipped networks are trained on generated data sets (docs/models.md): a score is comparable with the other of its row.
 */
import { createLocalClient } from '../src/main/cli/framework/localClient'
import { scoreText } from '../src/shared/score'
import { measureTiny, type TinyResult, type TinyRun } from './tiny/measureTiny'
import { tinyReferences } from './tiny/reference'
import { withBitbench } from './withBitbench'
import { positive, readFlags, whole } from './flags'

const { values } = readFlags(
  {
    options: {
      networks: { type: 'string', default: tinyReferences.map(({ file }) => file).join(',') },
      boards: { type: 'string', default: 'virtual:small,qemu' },
      evaluations: { type: 'string', default: '12' },
      budget: { type: 'string', default: '0.8' },
      images: { type: 'string', default: '2' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false }
    }
  },
  { images: whole(), evaluations: whole(), budget: positive(), seed: whole(0) }
)
const boards = values.boards.split(',')
const settings = {
  boards,
  images: Number(values.images),
  evaluations: Number(values.evaluations),
  budget: Number(values.budget),
  seed: Number(values.seed)
}

const results: TinyResult[] = []
for (const network of values.networks.split(',')) {
  const reference = tinyReferences.find(({ file }) => file === network)
  if (reference === undefined) {
    console.error(`${network} is none of ${tinyReferences.map(({ file }) => file).join(', ')}`)
    process.exit(2)
  }
  const log = (line: string): void => console.error(line)
  // A data folder of its own: the proxies are those of this network's profile.
  await withBitbench(async (bitbench) => {
    const client = createLocalClient(bitbench, new AbortController().signal)
    results.push(await measureTiny(client, reference, settings, log))
  })
}
if (values.json) console.log(JSON.stringify({ settings, results }, null, 2))
else print()

function print(): void {
  const { evaluations, budget, seed, images } = settings
  console.log(
    `${evaluations} evaluations, latency at most ${budget} of int8 on ${boards[0]}, seed ${seed}; ${images} items bit for bit on every board`
  )
  const columns = [
    'network',
    'parameters',
    'MACs',
    'scheme',
    'score',
    'image, bytes',
    'RAM, bytes',
    ...boards
  ]
  const row = (cells: readonly string[]): void => console.log(`| ${cells.join(' | ')} |`)
  row(columns)
  row(columns.map(() => '---'))
  for (const result of results) {
    const { network, int8, found } = result
    row([network, beside(result, 'parameters'), beside(result, 'macs'), ...runCells(result, int8, 'int8')])
    row(['', '', '', ...runCells(result, found, 'found')])
  }
  for (const { network, found } of results) console.log(`${network}: ${found.scheme}`)
}

/** A size of the network, and the published one where it differs. */
function beside(result: TinyResult, size: 'parameters' | 'macs'): string {
  const [own, published] = [result[size], result.published[size]]
  return own === published ? String(own) : `${own} (published ${published})`
}

function runCells(result: TinyResult, run: TinyRun, name: string): string[] {
  const costs = boards.map((id) => {
    const { cost, unit } = run.costs[id]!
    const share = name === 'int8' ? '' : `, ${(cost / result.int8.costs[id]!.cost).toFixed(2)} of int8`
    return `${Math.round(cost)} ${unit}${share}`
  })
  return [
    name,
    `${scoreText(result.metric, run.score)} of ${result.items}`,
    String(run.imageBytes),
    String(run.ramBytes),
    ...costs
  ]
}
