import { formatBitPair } from '../../../shared/bitPair'
import path from 'node:path'
import { fitWithDetail } from '../../../core/proxy/fit/detail'
import { estimatorText } from '../../../core/proxy/report/modelName'
import { fitProxy, type Proxy } from '../../../core/proxy/fit/proxy'
import { shapeText } from '../../../core/proxy/samples'
import { countOf, formatCount, formatPercent } from '../../../shared/units'
import { loadProxy, readSampleFiles } from '../../proxy/proxyFiles'
import { writeReport } from '../../proxy/proxyReport'
import { writeWholeFile } from '../../files/replaceFile'
import { numberOption, textOption, UsageError, type CliNoun } from '../framework/framework'
import { calibrateVerb } from './proxyCalibrate'
import { evaluateVerb } from './proxyEvaluate'
import { fitOptions, percent, progressLog, readInput, proxySeed } from './proxyInput'
import { keepVerb, keptVerb } from './proxyKeep'
import { publishedVerb } from './proxyPublished'
import { outsideText } from './outsideText'
import { sweepVerb } from './proxySweep'
import { transferVerb } from './proxyTransfer'

/** `bitbench proxy`: fits, judges and applies proxies of latency or energy on CSV files, without board or data file; keeps those of boards in the data file. */
export const proxyCli: CliNoun = {
  noun: 'proxy',
  verbs: {
    fit: {
      summary: 'Fits a proxy on profile files and saves it.',
      usage: 'FILE… --kernel K [--estimator auto|NAME] --out P.json',
      options: { ...fitOptions, out: { type: 'string', help: 'where the proxy is written' } },
      async run(args, context) {
        const out = textOption(args, 'out')
        if (out === undefined) throw new UsageError('proxy fit needs --out P.json')
        const { samples, kernel } = await readInput(args, context)
        const proxy = fitProxy(samples, {
          kernel,
          estimator: textOption(args, 'estimator') ?? 'auto',
          seed: proxySeed(args),
          onProgress: progressLog(context)
        })
        const file = path.resolve(context.cwd, out)
        await writeWholeFile(file, JSON.stringify(proxy.toJSON()))
        const json = { ...summaryOf(proxy), out: file }
        return {
          json,
          text: [
            `${proxy.kernel} proxy of ${countOf(proxy.rows, 'row')}, ${proxy.shapes} shapes: ${proxy.description}`,
            `error on unseen shapes ${percent(proxy.unseenShapeMape)} (on the fitted rows ${percent(proxy.trainMape)})`,
            `90 % intervals hold ${formatPercent(proxy.coverage90, 2)} of unseen rows`,
            `saved as ${file}`
          ].join('\n')
        }
      }
    },
    evaluate: evaluateVerb,
    predict: {
      summary: 'Predicts every row of a file (its Time column may hold anything above 0) with 90 % bounds.',
      usage: 'P.json FILE',
      options: {
        level: { type: 'string', help: 'level of the interval in percent, 50 to 99', default: '90' }
      },
      async run(args, context) {
        const [proxyFile, file] = args.positionals
        if (proxyFile === undefined || file === undefined)
          throw new UsageError('proxy predict needs P.json and FILE')
        const proxy = await loadProxy(path.resolve(context.cwd, proxyFile))
        const level = (numberOption(args, 'level', { min: 50, max: 99 }) ?? 90) / 100
        const read = await readSampleFiles([file], proxy.kernel, {
          cwd: context.cwd,
          unit: proxy.unit,
          timeOptional: true
        })
        read.warnings.forEach(context.log)
        const { samples } = read
        const predicted = proxy.predict(samples)
        const { low, high } = proxy.interval(samples, level)
        const predictions = Array.from(predicted, (value, row) => ({
          shape: shapeText(samples, row),
          activationBits: samples.activationBits[row],
          weightBits: samples.weightBits[row],
          predicted: value,
          low: low[row],
          high: high[row],
          outside: proxy.outside(samples, row)
        }))
        return {
          json: { kernel: proxy.kernel, unit: proxy.unit, level, predictions },
          text: predictions
            .map(
              (row) =>
                `${row.shape} ${formatBitPair(row.weightBits, row.activationBits)}  ${formatCount(row.predicted, proxy.unit)}  ` +
                `(${formatCount(row.low)} to ${formatCount(row.high)})${outsideText(row.outside)}`
            )
            .join('\n')
        }
      }
    },
    keep: keepVerb,
    kept: keptVerb,
    sweep: sweepVerb,
    transfer: transferVerb,
    published: publishedVerb,
    calibrate: calibrateVerb,
    report: {
      summary: 'Fits, judges and writes a self-contained report.html with its figures as SVG and PNG.',
      usage: 'FILE… --kernel K [--estimator auto|NAME] --out FOLDER',
      options: { ...fitOptions, out: { type: 'string', help: 'folder for the report' } },
      async run(args, context) {
        const out = textOption(args, 'out')
        if (out === undefined) throw new UsageError('proxy report needs --out FOLDER')
        const { samples, kernel } = await readInput(args, context)
        const fitted = fitWithDetail(samples, {
          kernel,
          estimator: textOption(args, 'estimator') ?? 'auto',
          seed: proxySeed(args),
          onProgress: progressLog(context)
        })
        const title = args.positionals.map((file) => path.basename(file)).join(', ')
        const files = await writeReport(path.resolve(context.cwd, out), { ...fitted, title })
        return { json: { ...summaryOf(fitted.proxy), files }, text: files.join('\n') }
      }
    }
  }
}

function summaryOf(proxy: Proxy) {
  const { kernel, unit, description, seed, rows, shapes, trainMape, unseenShapeMape, coverage90 } = proxy
  const estimator = estimatorText(proxy.estimator, proxy.toJSON().model)
  return { kernel, unit, estimator, description, seed, rows, shapes, trainMape, unseenShapeMape, coverage90 }
}
