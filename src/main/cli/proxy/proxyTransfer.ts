import { formatPercentValue } from '../../../shared/units'
import { parseProxyKernel } from '../../../core/kernel/spec'
import { transferCurve, type CurvePoint } from '../../../core/proxy/transfer/curve'
import { readSampleFiles } from '../../proxy/proxyFiles'
import { numberOption, repeatedOption, textOption, UsageError, type CliVerb } from '../framework/framework'
import { usage } from './proxyInput'

/** `bitbench proxy transfer`: how well a source device's profile carries over with N target rows. */
export const transferVerb: CliVerb = {
  summary: 'Judges every way from one device to another with N measured rows, over several seeds.',
  usage: '--source S.csv --target T.csv --kernel K [--n 10] [--seeds 12]',
  options: {
    source: { type: 'string', multiple: true, help: 'profile of the device that is known' },
    target: { type: 'string', multiple: true, help: 'profile of the new device, to judge on' },
    kernel: { type: 'string', help: 'matmul, conv2d, ...' },
    n: { type: 'string', help: 'target rows to measure; several joined by commas', default: '10' },
    seeds: { type: 'string', help: 'draws to average over', default: '12' },
    design: { type: 'boolean', help: 'also with rows chosen by the informative design' }
  },
  async run(args, context) {
    const paths = (name: string): string[] => {
      const list = repeatedOption(args, name)
      if (list.length === 0) throw new UsageError(`--${name} FILE.csv is needed`)
      return list
    }
    const [sourcePaths, targetPaths] = [paths('source'), paths('target')]
    const kernelText = textOption(args, 'kernel')
    if (kernelText === undefined) throw new UsageError('--kernel is needed, e.g. --kernel conv2d')
    const kernel = usage(() => parseProxyKernel(kernelText))
    const seeds = numberOption(args, 'seeds', { min: 1, max: 100, integer: true }) ?? 12
    const sizes = (textOption(args, 'n') ?? '10').split(',').map((text) => {
      const size = Number(text)
      if (!Number.isInteger(size) || size < 2)
        throw new UsageError(`--n takes whole numbers from 2, not "${text}"`)
      return size
    })
    const source = await readSampleFiles(sourcePaths, kernel, { cwd: context.cwd })
    const target = await readSampleFiles(targetPaths, kernel, { cwd: context.cwd })
    for (const warning of [...source.warnings, ...target.warnings]) context.log(warning)
    const points = transferCurve(source.samples, target.samples, {
      sizes,
      seeds,
      designs: args.values['design'] === true ? ['uniform', 'design'] : ['uniform'],
      onProgress: (done, total, note) => note !== '' && context.log(`${note} (${done} of ${total})`)
    })
    const chosen = points.filter((point) => point.method === 'auto')
    const json = {
      kernel,
      sourceRows: source.samples.count,
      targetRows: target.samples.count,
      seeds,
      n: sizes,
      auto: chosen.map(({ n, seenMape, seenDeviation, unseenMape, unseenDeviation }) => ({
        n,
        seenMape,
        seenDeviation,
        unseenMape,
        unseenDeviation
      })),
      points
    }
    return { json, text: curveText(points) }
  }
}

function curveText(points: readonly CurvePoint[]): string {
  const lines = [`${'method'.padEnd(20)} ${'n'.padStart(4)}  seen on the source    unseen shapes`]
  for (const point of points) {
    const unseen =
      point.unseenMape === null
        ? '–'
        : `${formatPercentValue(point.unseenMape, 2)} ± ${(point.unseenDeviation ?? 0).toFixed(2)}`
    lines.push(
      `${point.method.padEnd(20)} ${String(point.n).padStart(4)}  ` +
        `${`${formatPercentValue(point.seenMape, 2)} ± ${point.seenDeviation.toFixed(2)}`.padEnd(20)}  ${unseen}`
    )
  }
  return lines.join('\n')
}
