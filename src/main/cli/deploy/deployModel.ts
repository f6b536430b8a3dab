import { kernelScheme, notQuantized, parseScheme } from '../../../core/quant/scheme'
import type { SchemeJson } from '../../../shared/contract/model'
import { textOption, type CliArguments, type CliContext } from '../framework/framework'
import { shippedModelId, type LocalClient } from '../framework/localClient'
import { networkPath } from '../model/networkPath'
import { dataSetOption } from '../model/ownData'

/** Options that name a network and its scheme. */
export const modelOptions = {
  model: { type: 'string', help: 'ONNX file; the shipped LeNet-5 without' },
  ...dataSetOption,
  scheme: {
    type: 'string',
    help: 'wWaA for all layers or one per layer, separated by commas',
    default: 'int8'
  }
} as const

/** The model and scheme a verb was given; the scheme is read against the model's layers. */
export async function readModel(
  client: LocalClient,
  args: CliArguments,
  context: CliContext
): Promise<{ modelId: string; scheme: SchemeJson }> {
  const file = textOption(args, 'model')
  const { model } =
    file === undefined
      ? await client.call('model.info', { modelId: await shippedModelId(client) })
      : await client.call('model.open', { path: networkPath(context.cwd, file) })
  const dataSet = textOption(args, 'dataset')
  if (dataSet !== undefined) await client.call('model.useDataSet', { modelId: model.id, dataSet })
  const text = textOption(args, 'scheme') ?? 'int8'
  if (text === 'exported' && model.exported !== undefined)
    return { modelId: model.id, scheme: kernelScheme(model.exported.scheme).map((bits) => ({ ...bits })) }
  if (text === 'exported') throw notQuantized()
  const scheme = parseScheme(text, model.weightedLayers)
  return { modelId: model.id, scheme: scheme.map((bits) => ({ ...bits })) }
}
