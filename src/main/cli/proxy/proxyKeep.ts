import type { CommandInput } from '../../../shared/contract'
import type { ProxySummary } from '../../../shared/contract/proxy'
import { AppError } from '../../../shared/errors'
import { unseenErrorText } from '../../../shared/text/unseenError'
import { estimatorNames, proxyKernelNames, quantities, type Quantity } from '../../../shared/vocabulary'
import { createProgressLine, clientOf, type LocalClient } from '../framework/localClient'
import { choiceOption, textOption, UsageError, type CliContext, type CliVerb } from '../framework/framework'
import { fitOptions, proxySeed } from './proxyInput'

type FitRequest = CommandInput<'proxy.fit'>

/** `bitbench proxy keep`: fits what was measured on a board, for Search and Deploy to predict by. */
export const keepVerb: CliVerb = {
  summary: 'Fits proxies to all that was measured on a board and keeps them for Search and Deploy.',
  usage: '--board BOARD [--kernel K] [--estimator auto|NAME] [--seed N] [--quantity latency|energy]',
  options: {
    estimator: fitOptions.estimator,
    seed: fitOptions.seed,
    board: { type: 'string', help: 'board id or serial port that `profile run` measured' },
    kernel: { type: 'string', help: `of this kernel alone: ${proxyKernelNames.join(', ')}` },
    quantity: { type: 'string', help: quantities.join(' or '), default: 'latency' }
  },
  async run(args, context) {
    const boardId = textOption(args, 'board')
    if (boardId === undefined) throw new UsageError('proxy keep needs --board BOARD')
    const quantity = choiceOption(args, 'quantity', quantities) ?? 'latency'
    const estimator = choiceOption(args, 'estimator', estimatorNames) ?? 'auto'
    const wanted = choiceOption(args, 'kernel', proxyKernelNames)
    const client = await clientOf(context)
    const kernels = await measuredKernels(client, boardId, quantity, wanted)
    const kept: ProxySummary[] = []
    const left: { kernel: string; reason: string }[] = []
    for (const kernel of kernels) {
      const source = { kind: 'board', boardId, quantity } as const
      try {
        kept.push(await keep(client, context, { source, kernel, estimator, seed: proxySeed(args) }))
      } catch (error) {
        // Few rows of one kernel do not keep the others from being used.
        if (!(error instanceof AppError) || error.code !== 'proxy.tooFewSamples') throw error
        left.push({ kernel, reason: error.message })
      }
    }
    if (kept.length === 0)
      throw new AppError(
        'proxy.tooFewSamples',
        left[0].reason,
        'Run a larger profile campaign on this board.'
      )
    const lines = [
      ...kept.map(keptText),
      ...left.map(({ kernel, reason }) => `${kernel}: left out. ${reason}`)
    ]
    return { json: { kept, left }, text: lines.join('\n') }
  }
}

/** `bitbench proxy kept`: the proxies that are stored. */
export const keptVerb: CliVerb = {
  summary: 'Lists the proxies that are kept, and which of them Search and Deploy use.',
  usage: '',
  options: {},
  async run(_args, context) {
    const listed = await (await clientOf(context)).call('proxy.list', {})
    const lines = [
      ...listed.proxies.map((proxy) => `${proxy.id}  ${keptText(proxy)}${proxy.pinned ? '' : ', not used'}`),
      ...listed.unreadable.map(({ id, problem }) => `${id} cannot be read (${problem}); fit it again`)
    ]
    return {
      json: listed,
      text: lines.length === 0 ? 'No proxy is kept. See: bitbench proxy keep --help' : lines.join('\n')
    }
  }
}

type Source = FitRequest['source']

const isOf = (source: Source, quantity: Quantity): source is Extract<Source, { kind: 'board' }> =>
  source.kind === 'board' && (source.quantity ?? 'latency') === quantity

/** Kernels of which the store has rows of a board. @throws data.missing */
async function measuredKernels(
  client: LocalClient,
  boardId: string,
  quantity: Quantity,
  wanted: string | undefined
): Promise<FitRequest['kernel'][]> {
  const { sets } = await client.call('proxy.samples', {})
  const kernels = sets.flatMap(({ source, kernel }) =>
    isOf(source, quantity) && source.boardId === boardId ? [kernel] : []
  )
  const chosen = kernels.filter((kernel) => wanted === undefined || kernel === wanted)
  if (chosen.length > 0) return chosen
  const what = kernels.length === 0 ? quantity : `${quantity} of ${wanted}`
  const others = new Set(sets.flatMap(({ source }) => (isOf(source, quantity) ? [source.boardId] : [])))
  throw new AppError(
    'data.missing',
    `There are no samples of ${what} of ${boardId}.`,
    kernels.length > 0
      ? `Measured there: ${kernels.join(', ')}.`
      : `Measure it: bitbench profile run --board ${boardId}${quantity === 'energy' ? ' --meter PORT' : ''}.${others.size === 0 ? '' : ` Boards with such samples: ${[...others].join(', ')}.`}`
  )
}

/** Fits, stores and pins one proxy. */
async function keep(client: LocalClient, context: CliContext, request: FitRequest): Promise<ProxySummary> {
  const before = new Set((await client.call('proxy.list', {})).proxies.map(({ id }) => id))
  const { jobId } = await client.call('proxy.fit', request)
  await client.finish(jobId, createProgressLine(context.log, process.stderr))
  const { proxies } = await client.call('proxy.list', {})
  const fitted = proxies.find(({ id, kernel }) => !before.has(id) && kernel === request.kernel)!
  await client.call('proxy.pin', { id: fitted.id })
  return { ...fitted, pinned: true }
}

function keptText({ kernel, boardId, rows, unit, unseenShapeMape, estimator }: ProxySummary): string {
  return `${kernel} on ${boardId ?? 'no board'}: ${unseenErrorText(unseenShapeMape)} (${rows} rows in ${unit}, ${estimator})`
}
