import path from 'node:path'
import { formatBitPair } from '../../../shared/bitPair'
import { formatCount } from '../../../shared/units'
import { bitWidths } from '../../../core/quant/scheme'
import { rowSpec } from '../../../core/kernel/spec'
import { sweepLayers } from '../../../core/proxy/fit/sweep'
import { shapeRows } from '../../../core/proxy/samples'
import { loadProxy } from '../../proxy/proxyFiles'
import { outsideText } from './outsideText'
import { numberOption, requiredOption, textOption, UsageError, type CliVerb } from '../framework/framework'

/** `bitbench proxy sweep`: one layer at all pairs of bit widths. */
export const sweepVerb: CliVerb = {
  summary: 'Predicts one layer at all pairs of bit widths, with 90 % bounds.',
  usage: 'P.json --dims SIZES [--bits 8,4,2,1]',
  options: {
    dims: {
      type: 'string',
      help: 'sizes joined by commas, as in profile files: N,M,K of matmul, H,W,C,K,KS,S of conv2d (H and W with the padding on both sides)'
    },
    bits: { type: 'string', help: 'widths joined by commas', default: bitWidths.join(',') },
    level: { type: 'string', help: 'level of the interval in percent, 50 to 99', default: '90' }
  },
  async run(args, context) {
    const [file] = args.positionals
    if (file === undefined) throw new UsageError('proxy sweep needs P.json, as `proxy fit` writes it')
    const proxy = await loadProxy(path.resolve(context.cwd, file))
    const columns = rowSpec(proxy.kernel).columns.map(({ name }) => name)
    const dims = numbersOf(requiredOption(args, 'dims', `the sizes ${columns.join(',')} of the layer.`))
    const bits = numbersOf(textOption(args, 'bits') ?? bitWidths.join(','))
    const level = (numberOption(args, 'level', { min: 50, max: 99 }) ?? 90) / 100
    const layers = sweepLayers(proxy.kernel, dims, bits)
    const rows = shapeRows(proxy.kernel, layers)
    const predicted = proxy.predict(rows)
    const { low, high } = proxy.interval(rows, level)
    const widest = predicted[0] ?? NaN
    const sweep = layers.map(({ weightBits, activationBits }, row) => ({
      weightBits,
      activationBits,
      predicted: predicted[row],
      low: low[row],
      high: high[row],
      /** Against the widest pair. */
      ratio: predicted[row] / widest,
      outside: proxy.outside(rows, row)
    }))
    const json = { kernel: proxy.kernel, unit: proxy.unit, dims, level, sweep }
    return {
      json,
      text: [
        `${proxy.kernel} ${columns.map((name, at) => `${name}=${dims[at]}`).join(' ')}, ${proxy.unit}`,
        ...sweep.map(
          (row) =>
            `${formatBitPair(row.weightBits, row.activationBits).padEnd(8)}${formatCount(row.predicted).padStart(14)}` +
            `  ${row.ratio.toFixed(3)} x   (${formatCount(row.low)} to ${formatCount(row.high)})${outsideText(row.outside)}`
        )
      ].join('\n')
    }
  }
}

/** Numbers joined by commas; what is no number stays NaN, and is refused with the layer. */
function numbersOf(text: string): number[] {
  return text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)))
}
