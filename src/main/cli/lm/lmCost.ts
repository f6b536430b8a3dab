import { formatPercentValue } from '../../../shared/units'
import path from 'node:path'
import { fitDecoderProxy, holdoutErrors, predictStep } from '../../../core/lm/cost/decoderProxy'
import { formatLmScheme, parseLmScheme } from '../../../core/lm/integer/lmScheme'
import { writeWholeFile } from '../../files/replaceFile'
import { readDecoderProxy, writeDecoderProxy } from '../../lm/decoderProxyFile'
import { profileDecoder } from '../../lm/profileDecoder'
import { lineOptions, lineSettings } from '../board/boardLine'
import {
  numberOption,
  repeatedOption,
  requiredBoard,
  requiredOption,
  type CliVerb
} from '../framework/framework'
import { lmOf, lmOptions, lmSchemeNotes } from './lmInput'

/** `lm profile`: what a board takes for the kernels of a decoder. */
export const lmProfileVerb: CliVerb = {
  summary: 'Measures the kernels of a decoder on a board and fits what each of them takes.',
  usage: '--board BOARD --out FILE [--decoders N] [--seed S]',
  options: {
    board: { type: 'string', help: 'board id or serial port; `bitbench board list` names them' },
    ...lineOptions,
    out: { type: 'string', help: 'file of the fitted proxy', valueName: 'FILE' },
    decoders: { type: 'string', help: 'decoders of sizes and bits by chance', default: '48' },
    seed: { type: 'string', help: 'seed of their sizes, bits and values', default: '1' }
  },
  notes: ['Errors are those of decoders that were left out of the fit, a sixth of them at a time.'],
  async run(args, context) {
    const boardId = requiredBoard(args)
    const file = path.resolve(context.cwd, requiredOption(args, 'out', 'a file to write the proxy to'))
    const decoders = numberOption(args, 'decoders', { min: 6, max: 1000, integer: true }) ?? 48
    const seed = numberOption(args, 'seed', { min: 0, max: 0xffff_ffff, integer: true }) ?? 1
    const line = lineSettings(args)
    const { board } = await context.bitbench()
    const { info, name, unit, origin } = await board.connect(boardId, line)
    try {
      const measured = await board.withLease(boardId, 'measuring decoder kernels', (session) =>
        profileDecoder(session, {
          ...{ decoders, seed, unit, signal: context.signal },
          progress: (done, total, note) => context.log(`${note} (${done} of ${total})`)
        })
      )
      const proxy = fitDecoderProxy(measured.flat())
      const errors = holdoutErrors(measured)
      const clockHz = unit === 'cycles' ? info.clockHz : null
      const about = { board: { id: boardId, name, buildId: info.buildId, clockHz }, unit, origin, seed }
      await writeWholeFile(file, writeDecoderProxy(proxy, errors, { ...about, decoders: measured.length }))
      const parts = Object.entries(errors.partMape).map(
        ([part, mape]) => `${part} ${formatPercentValue(mape, 1)}`
      )
      return {
        json: { ...about, file, decoders: measured.length, errors, costs: proxy.costs },
        text: [
          `${measured.length} decoders, ${errors.samples} steps on ${name} (${origin})`,
          `error of a step on decoders that were not fitted: mean ${formatPercentValue(errors.stepMape, 1)}, median ${formatPercentValue(errors.stepMedian, 1)}, largest ${formatPercentValue(errors.largest, 1)}`,
          `by part: ${parts.join(', ')}`,
          `written to ${file}`
        ].join('\n')
      }
    } finally {
      await board.disconnect(boardId)
    }
  }
}

/** `lm predict`: cost of a token by position, from a proxy. */
export const lmPredictVerb: CliVerb = {
  summary: 'Predicts what a token costs on a measured board, by scheme and position.',
  usage: '--proxy FILE [MODEL] [--scheme SCHEME]… [--tokenizer FILE]',
  options: {
    proxy: { type: 'string', help: 'file of `bitbench lm profile`', valueName: 'FILE' },
    tokenizer: lmOptions['tokenizer'],
    scheme: { type: 'string', multiple: true, help: 'bits of matrices and cache; may be given again' }
  },
  notes: lmSchemeNotes,
  async run(args, context) {
    const given = requiredOption(args, 'proxy', 'a file of `bitbench lm profile`')
    const proxy = await readDecoderProxy(path.resolve(context.cwd, given))
    const { name, model } = await lmOf(args, context.cwd)
    const { config } = model
    const texts = repeatedOption(args, 'scheme')
    const wanted = texts.length > 0 ? texts : ['w8a8']
    const { clockHz } = proxy.board
    const rows = wanted.map((text) => {
      const scheme = parseLmScheme(text, config)
      const costs = Array.from({ length: config.sequenceLength }, (_, position) =>
        predictStep(proxy, { config, scheme }, position)
      )
      const mean = costs.reduce((sum, cost) => sum + cost, 0) / costs.length
      return {
        scheme: formatLmScheme(scheme),
        ...{ first: costs[0], mean, last: costs[costs.length - 1], costs },
        tokensPerSecond: clockHz === null ? null : clockHz / mean
      }
    })
    return {
      json: { model: name, board: proxy.board, unit: proxy.unit, errors: proxy.errors, schemes: rows },
      text: [
        `${name} on ${proxy.board.name} (estimated; ${formatPercentValue(proxy.errors.stepMape, 1)} on decoders that were not fitted)`,
        ...rows.map(({ scheme, first, mean, last, tokensPerSecond }) => {
          const rate = tokensPerSecond === null ? '' : `, ${tokensPerSecond.toFixed(1)} tokens/s`
          return `${scheme}: ${Math.round(mean)} ${proxy.unit} a token${rate}; position 0: ${Math.round(first)}, position ${config.sequenceLength - 1}: ${Math.round(last)}`
        })
      ].join('\n')
    }
  }
}
