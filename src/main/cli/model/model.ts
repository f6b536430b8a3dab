import { orderedShape } from '../../../shared/text/orderedShape'
import { schemeKey, schemeOf } from '../../../core/quant/scheme'
import { sizeOf } from '../../../core/model/graph'
import { guessText } from '../../../shared/text/guessText'
import { countOf, formatCount } from '../../../shared/units'
import { createModelFiles, describeModel } from '../../model/files/modelFiles'
import { exportedText } from '../../model/files/presentExported'
import { resourcePath } from '../../paths'
import type { ModelInfo } from '../../../shared/contract/model'
import { createImageLibrary } from '../../model/data/imageLibrary'
import { misfitOfOwn } from '../../model/data/misfit'
import { checkVerb, runVerb, usedOutputText } from './modelRun'
import { dataSetOption, fittedOnText, judgeOf, metricsText, retrainedOnText } from './ownData'
import { clientOf } from '../framework/localClient'
import { methodOption, methodOf } from './method'
import {
  choiceOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliNoun
} from '../framework/framework'
import { networkPath } from './networkPath'

const splits = ['search', 'test', 'fullTest', 'tune', 'calibration'] as const

/** `bitbench model`: what is in an ONNX file, and how accurate it is under a scheme; needs no board and no data file. */
export const modelCli: CliNoun = {
  noun: 'model',
  verbs: {
    check: checkVerb,
    run: runVerb,
    info: {
      summary: 'Layers, shapes, multiply-accumulates and parameters of an ONNX or TFLite file.',
      usage: 'FILE.onnx',
      options: {},
      async run(args, context) {
        const model = await openModel(args, context)
        const modelsFolder = resourcePath('models')
        const misfit = await misfitOfOwn(model.graph, createImageLibrary({ modelsFolder }), modelsFolder)
        const info = { ...describeModel(model), ...(misfit === undefined ? {} : { misfit }) }
        const rows = info.nodes.map((node) =>
          [
            node.name.padEnd(24),
            `${node.op}${node.relu ? '+relu' : ''}`.padEnd(22),
            node.outputShape.join('x').padEnd(12),
            formatCount(node.macs).padStart(8),
            formatCount(node.parameters).padStart(8)
          ].join(' ')
        )
        const head = `${info.name}: input ${orderedShape(info.inputShape, 'CHW', 'x')}, ${countOf(info.outputCount, 'class')}, ${formatCount(info.macs)} MACs, ${countOf(info.parameters, 'parameter', formatCount)}`
        const exported = info.exported === undefined ? [] : exportedText(info.exported)
        return { json: info, text: [head, ...aboutText(info), ...rows, ...exported].join('\n') }
      }
    },
    evaluate: {
      summary: 'Accuracy of a scheme on the data set that the file names, the shipped images or yours.',
      usage:
        'FILE.onnx [--dataset N] [--scheme int8|exported|w4a8|w8a8,w4a4,…|float] [--split test|search|fullTest] [--method ptq|reconstruct|grouped|distill|retrain]',
      options: {
        ...dataSetOption,
        scheme: {
          type: 'string',
          help: 'float, int8, exported, one bit pair for all layers, or one per layer',
          default: 'int8'
        },
        split: { type: 'string', help: splits.join(', '), default: 'test' },
        ...methodOption
      },
      async run(args, context) {
        const model = await openModel(args, context)
        const split = choiceOption(args, 'split', splits) ?? 'test'
        const method = methodOf(args)
        const text = textOption(args, 'scheme') ?? 'int8'
        const scheme = text === 'float' ? null : schemeOf(text, model.graph)
        const judge = await judgeOf(args, context, model.summary.path, method)
        const found = await judge(scheme, split)
        const warning =
          scheme === null ? guessText(found, sizeOf(model.graph.nodes[model.graph.output].outputShape)) : null
        return {
          json: {
            model: model.summary.name,
            modelId: model.summary.id,
            scheme,
            split,
            method,
            ...found,
            ...(warning === null ? {} : { warning })
          },
          text: `${model.summary.name} ${scheme === null ? 'float' : schemeKey(scheme)}: ${metricsText(found)} of ${found.images} (${split}${scheme === null ? '' : `, ${method}`}${fittedOnText(found.fittedOn, method)}${retrainedOnText(found.retrainedOn)}${found.cached ? ', known before' : ''})${warning === null ? '' : `\n${warning}`}`
        }
      }
    },
    results: {
      summary: 'Results kept in the data file for a network; --clear forgets them.',
      usage: 'FILE.onnx [--clear]',
      options: { clear: { type: 'boolean', help: 'forget them' } },
      async run(args, context) {
        const client = await clientOf(context)
        const { summary } = await openModel(args, context)
        if (args.values['clear'] === true) {
          const { cleared } = await client.call('model.clearResults', { modelId: summary.id })
          return { json: { cleared }, text: `Forgot ${countOf(cleared, 'result')} of ${summary.name}.` }
        }
        const { results } = await client.call('model.results', { modelId: summary.id })
        const rows = results.map(
          (row) =>
            `${row.scheme}  ${metricsText(row)} of ${row.images} (${row.split}, ${row.method}${fittedOnText(row.fittedOn, row.method)})`
        )
        return { json: results, text: rows.length === 0 ? 'No results are kept.' : rows.join('\n') }
      }
    }
  }
}

/** Which of several outputs is used, and why the network cannot be judged without --dataset. */
function aboutText({ outputs = [], misfit }: ModelInfo): string[] {
  return [
    ...(outputs.length > 1 ? [`${usedOutputText(outputs, outputs[0])}.`] : []),
    ...(misfit === undefined ? [] : [`Without --dataset it cannot be judged: ${misfit.message}`, misfit.hint])
  ]
}

/** The model named by the only positional, or by `path`. */
export async function openModel(args: CliArguments, context: CliContext, file = args.positionals[0]) {
  if (file === undefined) throw new UsageError('name an ONNX file')
  if (args.positionals.length > 1)
    throw new UsageError(`one file at a time, not also "${args.positionals[1]}"`)
  return createModelFiles({ modelsFolder: resourcePath('models'), openedFile: null }).open(
    networkPath(context.cwd, file)
  )
}
