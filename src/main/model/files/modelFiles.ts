import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { AppError } from '../../../shared/errors'
import {
  modelCardSchema,
  type ModelCard,
  type ModelInfo,
  type ModelSummary
} from '../../../shared/contract/model'
import {
  isWeightedNode,
  macsOf,
  parametersOf,
  sizeOf,
  weightedLayerNames,
  type Graph
} from '../../../core/model/graph'
import { findGeneratedSet } from '../../../core/dataset/generated/generatedSets'
import { imageSplits } from '../../../shared/vocabulary'
import { createTurns } from '../../../shared/turns'
import { workloadsOf } from '../../../core/model/workload'
import { areUnchanged } from '../../files/fileState'
import { readJsonList } from '../../files/readJsonList'
import { readRegularFile } from '../../files/readRegularFile'
import { writeWholeFile } from '../../files/replaceFile'
import { presentExported } from './presentExported'
import { modelEnding } from '../../../core/model/modelEnding'
import { readNetwork, type ReadNetwork } from './readNetwork'

/** A model that was read. */
export interface LoadedModel {
  readonly summary: ModelSummary
  readonly graph: Graph
  /** Names of the file's outputs; the first is the graph's. */
  readonly outputs: readonly string[]
}

/** ONNX files by id (hash of their bytes): the shipped ones and those the user opened, remembered across starts. */
export interface ModelFiles {
  list(): Promise<ModelSummary[]>
  /** Every path that is remembered, also of files that cannot be read now. */
  openedPaths(): Promise<string[]>
  /** Reads a file and remembers it. @throws AppError model.*, data.missing */
  open(file: string): Promise<LoadedModel>
  /** @throws AppError input.notFound */
  find(modelId: string): Promise<LoadedModel>
  /** Names of those of these models that are known. Files are only read for ids that were not looked for before. */
  names(modelIds: Iterable<string>): Promise<Map<string, string>>
}

/** Returns the shipped models and those that were opened. */
export function createModelFiles(options: {
  modelsFolder: string
  /** JSON list of opened paths; null: nothing is remembered. */
  openedFile: string | null
  /** How files are read; missing: in this thread. */
  read?: (file: string) => Promise<ReadNetwork>
}): ModelFiles {
  const { modelsFolder, openedFile, read = readNetwork } = options
  const { openedPaths, remember } = createOpenedPaths(openedFile)
  const loaded = new Map<string, LoadedModel>()
  /** Models by the path they were last read from, with their files as they were before that. */
  const byPath = new Map<string, { model: LoadedModel; files: ReadNetwork['files'] }>()
  /** Ids that no file had when they were looked for. */
  const absent = new Set<string>()

  const load = async (file: string): Promise<LoadedModel> => {
    const before = byPath.get(file)
    if (before !== undefined && (await areUnchanged(before.files))) return before.model
    const { graph, outputs, id, sizeBytes, files } = await read(file)
    const name = path.basename(file).replace(modelEnding, '')
    const shipped = path.dirname(file) === modelsFolder
    const summary: ModelSummary = { id, name, path: file, shipped, sizeBytes, card: await readCard(file) }
    const model = { summary, graph, outputs }
    loaded.set(id, model)
    byPath.set(file, { model, files })
    return model
  }

  const all = async (): Promise<LoadedModel[]> => {
    const shipped = (await readdir(modelsFolder).catch(() => []))
      .filter((name) => name.endsWith('.onnx'))
      .sort()
      .map((name) => path.join(modelsFolder, name))
    const models = await Promise.all([
      ...shipped.map(load),
      // A file that has gone or changed for the worse since it was opened is left out of the list.
      ...(await openedPaths()).map((file) => load(file).catch(() => null))
    ])
    const found = models.filter((model) => model !== null)
    // Of copies of one network that which was opened last has the id: the user's own before a shipped one.
    for (const model of found) loaded.set(model.summary.id, model)
    return found
  }

  return {
    openedPaths,
    list: async () => (await all()).map(({ summary }) => summary),
    async open(file) {
      const absolute = path.resolve(file)
      const model = await load(absolute)
      if (!model.summary.shipped) await remember(absolute)
      return model
    },
    async find(modelId) {
      const model = loaded.get(modelId) ?? (await all()).find(({ summary }) => summary.id === modelId)
      if (model === undefined) {
        throw new AppError(
          'input.notFound',
          `There is no model ${modelId}.`,
          'Open its ONNX file on the Model page.'
        )
      }
      return model
    },
    async names(modelIds) {
      const ids = [...new Set(modelIds)]
      if (ids.some((id) => !loaded.has(id) && !absent.has(id))) {
        await all()
        for (const id of ids) if (!loaded.has(id)) absent.add(id)
      }
      return new Map(ids.flatMap((id) => (loaded.has(id) ? [[id, loaded.get(id)!.summary.name]] : [])))
    }
  }
}

/** Paths that were opened, in a JSON list; null: nothing is remembered. */
function createOpenedPaths(openedFile: string | null) {
  const openedPaths = async (): Promise<string[]> =>
    openedFile === null ? [] : await readJsonList(openedFile, z.string())

  /** One after the other: two files opened at once are both remembered. */
  const turns = createTurns()
  const remember = (file: string): Promise<void> =>
    turns.take(async () => {
      const paths = await openedPaths()
      if (openedFile === null || paths.includes(file)) return
      await writeWholeFile(openedFile, JSON.stringify([...paths, file], null, 2))
    })
  return { openedPaths, remember }
}

/** Beside a network may lie a JSON file of any size that is no card. */
const maxCardBytes = 1024 * 1024

async function readCard(file: string): Promise<ModelCard | null> {
  const card = file.replace(modelEnding, '.json')
  const bytes = await readRegularFile(card, { maxBytes: maxCardBytes }).catch(() => null)
  if (bytes === null) return null
  try {
    return modelCardSchema.safeParse(JSON.parse(bytes.toString('utf8'))).data ?? null
  } catch {
    return null
  }
}

/** The generated set a file names, as the screen shows it; null also where this version does not have it. */
function ownDataOf({ dataSet }: Graph): ModelInfo['ownData'] {
  const set = dataSet === undefined ? undefined : findGeneratedSet(dataSet)
  if (set === undefined) return null
  const splits = imageSplits.map((split) => ({ split, images: set.items[split] }))
  return { name: set.name, about: set.about, splits }
}

/** A model for the screen: its nodes, shapes and amounts of work. */
export function describeModel({ summary, graph, outputs }: LoadedModel): ModelInfo {
  const nodes = graph.nodes.map((node) => ({
    name: node.name,
    op: node.op,
    inputs: node.inputs.map((input) => (input < 0 ? 'input' : graph.nodes[input].name)),
    outputShape: [...node.outputShape],
    macs: macsOf(graph, node),
    parameters: parametersOf(node),
    weighted: isWeightedNode(node),
    relu: 'relu' in node && node.relu
  }))
  const exported = presentExported(graph)
  return {
    ...summary,
    dataSet: null,
    ownData: ownDataOf(graph),
    inputShape: [...graph.inputShape],
    outputCount: sizeOf(graph.nodes[graph.output].outputShape),
    ...(outputs.length > 1 ? { outputs: [...outputs] } : {}),
    nodes,
    weightedLayers: weightedLayerNames(graph),
    workloads: workloadsOf(graph),
    macs: nodes.reduce((sum, { macs }) => sum + macs, 0),
    parameters: nodes.reduce((sum, { parameters }) => sum + parameters, 0),
    ...(exported === undefined ? {} : { exported })
  }
}
