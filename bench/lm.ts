/**
 * A language model on boards: greedy tokens of every scheme beside the host's integer reference up to the end of the sequence, cost
 * per token by position beside what a proxy of the board's decoder kernels predicts (fitted on other decoders), perplexity beside float, and how long import, calibration and the simulation took.
 *
 *   npm run bench:lm -- [--model FILE.bin --tokenizer FILE --calibration FILE --text FILE] [--scheme w4a8,kv=4]…
 *                       [--board virtual:mid]… [--tokens 256] [--documents 100] [--prompt "dog:"] [--decoders 48] [--json]
 *
 * Ends with code 1 when a token on a board is not the host's. Times are those of this machine; the rest is not.
 */
import type { IdentifiedBoard } from '../src/main/board/boardView'
import { createIntegerDecoder } from '../src/core/lm/integer/integerDecoder'
import { parameterCount } from '../src/core/lm/config'
import { continueText, promptTokens, type TextStep } from '../src/main/lm/continueText'
import {
  fitDecoderProxy,
  holdoutErrors,
  predictStep,
  type DecoderErrors,
  type DecoderProxy
} from '../src/core/lm/cost/decoderProxy'
import { loadDecoder } from '../src/main/lm/boardDecoder'
import { loadLm, readDocuments, shippedLm } from '../src/main/lm/lmFiles'
import { measurePerplexity, type MeasuredPerplexity } from '../src/main/lm/lmPerplexity'
import { profileDecoder } from '../src/main/lm/profileDecoder'
import { quantizeBySchemes, type LmOfScheme } from '../src/main/lm/lmSchemes'
import { onnxAccess } from '../src/main/model/files/onnxAccess'
import { quietTask } from './quietTask'
import { withBitbench, type Bitbench } from './withBitbench'
import { readFlags, whole } from './flags'

const { values } = readFlags(
  {
    options: {
      model: { type: 'string', default: shippedLm },
      tokenizer: { type: 'string' },
      calibration: { type: 'string' },
      text: { type: 'string' },
      scheme: {
        type: 'string',
        multiple: true,
        default: ['w8a8', 'w4a8,w2=w8a8,wo=w8a8,cls=w8a8', 'w4a8', 'w8a8,kv=4', 'w4a8,kv=4', 'w2a8,cls=w4a8']
      },
      board: { type: 'string', multiple: true, default: ['virtual:mid'] },
      tokens: { type: 'string', default: '256' },
      documents: { type: 'string', default: '100' },
      prompt: { type: 'string', default: '' },
      decoders: { type: 'string', default: '48' },
      json: { type: 'boolean', default: false }
    }
  },
  { tokens: whole(), decoders: whole(), documents: whole() }
)

/** A text that one board made in one scheme. */
interface BoardText {
  readonly board: string
  readonly unit: 'cycles' | 'instructions'
  readonly scheme: string
  readonly steps: number
  readonly differing: number
  readonly first: number
  readonly mean: number
  readonly last: number
  readonly blockBytes: number
  readonly cacheBytes: number
  /** (predicted - measured) / measured in percent, at the first position, of all steps together, at the last. */
  readonly predicted: readonly [number, number, number]
  /** Wall time of the steps alone, host's reference included. */
  readonly seconds: number
}

const { signal } = new AbortController()
const sum = (amounts: readonly number[]): number => amounts.reduce((total, each) => total + each, 0)
const seconds = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
  const from = performance.now()
  const result = await work()
  return [result, (performance.now() - from) / 1000]
}

async function textOf(
  bitbench: Bitbench,
  board: IdentifiedBoard,
  proxy: DecoderProxy,
  { scheme, lm }: LmOfScheme
): Promise<BoardText> {
  const { id, name, unit } = board
  return await bitbench.board.withLease(id, 'bench:lm', async (session) => {
    const decoder = await loadDecoder(session, lm, { signal })
    const steps: TextStep[] = []
    const options = { tokens: Number(values.tokens), toTheEnd: true, signal }
    const [, wall] = await seconds(async () => {
      const host = createIntegerDecoder(lm)
      const prompted = promptTokens(loaded.tokenizer, values.prompt, lm.config.sequenceLength)
      for await (const step of continueText(decoder, host, loaded.tokenizer, prompted, options))
        steps.push(step)
    })
    const expected = steps.map(({ position }) => predictStep(proxy, lm, position))
    const found = steps.map((step) => step[unit])
    const error = (from: number, to: number): number =>
      100 * (sum(expected.slice(from, to)) / sum(found.slice(from, to)) - 1)
    const { blockBytes, cacheBytes } = decoder.plan.block.image.memory
    return {
      ...{ board: name, unit, scheme, blockBytes, cacheBytes, steps: steps.length, seconds: wall },
      differing: steps.filter(({ equal }) => !equal).length,
      first: found[0],
      mean: Math.round(sum(found) / steps.length),
      last: found[found.length - 1],
      predicted: [error(0, 1), error(0, steps.length), error(steps.length - 1, steps.length)]
    }
  })
}

const [loaded, readSeconds] = await seconds(() =>
  loadLm(
    {
      model: values.model,
      tokenizer: values.tokenizer,
      calibration: values.calibration,
      text: values.text
    },
    process.cwd(),
    onnxAccess
  )
)
const [, oneSeconds] = await seconds(() => quantizeBySchemes(loaded, values.scheme.slice(0, 1)))
const quantized = await quantizeBySchemes(loaded, values.scheme)
const texts: BoardText[] = []
const proxies: ({ board: string } & DecoderErrors)[] = []
await withBitbench(async (bitbench) => {
  for (const id of values.board) {
    const board = await bitbench.board.connect(id)
    const { unit } = board
    const profile = { decoders: Number(values.decoders), seed: 1, unit, signal, progress: () => undefined }
    const measured = await bitbench.board.withLease(id, 'bench:lm', (session) =>
      profileDecoder(session, profile)
    )
    const proxy = fitDecoderProxy(measured.flat())
    proxies.push({ board: board.name, ...holdoutErrors(measured) })
    for (const each of quantized) {
      texts.push(await textOf(bitbench, board, proxy, each))
      console.error(`${board.name} ${each.scheme}: ${texts[texts.length - 1].seconds.toFixed(1)} s`)
    }
    await bitbench.board.disconnect(id)
  }
})
const documents = await readDocuments(loaded.textFile, loaded.tokenizer, '--text', Number(values.documents))
const loss = await measurePerplexity(loaded, documents, { schemes: values.scheme, seed: 1 }, quietTask)
const parameters = parameterCount(loaded.model.config)
const importSeconds = readSeconds + oneSeconds
if (values.json)
  console.log(
    JSON.stringify({ model: loaded.name, parameters, importSeconds, proxies, texts, loss }, null, 2)
  )
else print(loss)
process.exitCode = texts.some(({ differing }) => differing > 0) ? 1 : 0

function print({ float, schemes, documents: count }: MeasuredPerplexity): void {
  const row = (cells: readonly (string | number)[]): void => console.log(`| ${cells.join(' | ')} |`)
  console.log(
    `${loaded.name}: ${parameters} parameters; read, observed and quantized in ${importSeconds.toFixed(1)} s`
  )
  console.log(
    `perplexity of ${count} documents: float ${float.perplexity.toFixed(3)} (95 %: ${float.low.toFixed(3)} to ${float.high.toFixed(3)})\n`
  )
  for (const { board, samples, stepMape, stepMedian, largest, partMape } of proxies) {
    const parts = Object.entries(partMape).map(([part, mape]) => `${part} ${mape.toFixed(1)}`)
    console.log(
      `${board}: ${samples} steps of decoders that were not fitted: mean error ${stepMape.toFixed(1)} %, median ${stepMedian.toFixed(1)} %, largest ${largest.toFixed(1)} %; by part, %: ${parts.join(', ')}\n`
    )
  }
  const columns = ['scheme', 'board', 'tokens equal', 'first', 'mean', 'last', 'predicted, % off', 'bytes']
  columns.push('cache', 'wall, s')
  row([...columns, 'perplexity / float (95 %)'])
  row([...columns, ''].map(() => '---'))
  for (const text of texts) {
    const { ratio, low, high } = schemes.find(({ scheme }) => scheme === text.scheme)!.overFloat
    row([
      values.scheme[texts.indexOf(text) % values.scheme.length],
      `${text.board}, ${text.unit}`,
      `${text.steps - text.differing} of ${text.steps}`,
      text.first,
      text.mean,
      text.last,
      text.predicted.map((error) => error.toFixed(1)).join(' / '),
      text.blockBytes,
      text.cacheBytes,
      text.seconds.toFixed(1),
      `${ratio.toFixed(4)} (${low.toFixed(4)} to ${high.toFixed(4)})`
    ])
  }
}
