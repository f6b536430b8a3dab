import { stat } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../../../shared/errors'
import { formatErrorPercent } from '../../../shared/units'
import { publishedDataSets, type PublishedDataSet } from '../../../core/proxy/report/publishedSets'
import { measurePublishedRow, type MeasuredErrors } from '../../../core/proxy/report/publishedTable'
import { readSampleFiles } from '../../proxy/proxyFiles'
import { publishedFigures, type PublishedResult } from '../../proxy/publishedFigures'
import { writeFigures } from '../../figures/writeFigures'
import { textOption, UsageError, type CliVerb } from '../framework/framework'
import { progressLog, proxySeed } from './proxyInput'

/** Where the published profiles lie when none are named: beside the repository. */
const usualFolder = '../shared/data/kernel-profiles'

/** `bitbench proxy published`: the two-stage proxy's published table beside the same proxies measured here. */
export const publishedVerb: CliVerb = {
  summary:
    'The published two-stage table beside the same proxies on training rows, random folds, unseen shapes.',
  usage: '[FOLDER|FILE…] [--sets NAME,…] [--out FOLDER]',
  options: {
    seed: { type: 'string', help: 'seed of folds, trees and choices', default: '1' },
    sets: {
      type: 'string',
      help: `data sets, joined by commas: ${publishedDataSets.map(({ dataset }) => dataset).join(', ')}`
    },
    out: { type: 'string', help: 'folder for the figures (predicted against measured per data set, summary)' }
  },
  notes: [
    `FOLDER holds the study's files (${publishedDataSets[0]?.file ?? ''}, …); ${usualFolder} without.`,
    'Columns per proxy: error on the rows it was fitted to, on random folds, on layer shapes it never saw.'
  ],
  async run(args, context) {
    const found = await findSets(args.positionals, namedSets(textOption(args, 'sets')), context.cwd)
    const seed = proxySeed(args)
    const log = progressLog(context)
    const results: PublishedResult[] = []
    for (const { set, file } of found) {
      const { samples, warnings } = await readSampleFiles([file], set.kernel)
      warnings.forEach(context.log)
      const measured = measurePublishedRow(samples, seed, (share) => log(100 * share, 100, set.dataset))
      results.push({ ...set, unit: samples.unit, ...measured })
    }
    const out = textOption(args, 'out')
    const files =
      out === undefined ? [] : await writeFigures(path.resolve(context.cwd, out), publishedFigures(results))
    const rows = results.map(({ points, ...row }) => ({ ...row, rows: points.length }))
    return { json: { seed, rows, files }, text: [...tableText(results), ...files].join('\n') }
  }
}

function namedSets(text: string | undefined): readonly PublishedDataSet[] {
  if (text === undefined) return publishedDataSets
  const names = text.split(',').map((name) => name.trim().toLowerCase())
  const chosen = publishedDataSets.filter(({ dataset }) => names.includes(dataset.toLowerCase()))
  const unknown = names.filter((name) => !chosen.some(({ dataset }) => dataset.toLowerCase() === name))
  if (unknown.length > 0) {
    throw new UsageError(
      `--sets takes ${publishedDataSets.map(({ dataset }) => dataset).join(', ')}, not "${unknown.join(', ')}"`
    )
  }
  return chosen
}

/** The files of the wanted data sets among those named, or in the folder named. */
async function findSets(
  words: readonly string[],
  wanted: readonly PublishedDataSet[],
  cwd: string
): Promise<{ set: PublishedDataSet; file: string }[]> {
  const places = words.length === 0 ? [usualFolder] : words
  const found: { set: PublishedDataSet; file: string }[] = []
  for (const place of places.map((word) => path.resolve(cwd, word))) {
    const isFolder = await stat(place).then(
      (entry) => entry.isDirectory(),
      () => false
    )
    for (const set of wanted) {
      const file = isFolder ? path.join(place, set.file) : place
      if (path.basename(file) === set.file && (await exists(file))) found.push({ set, file })
    }
  }
  if (found.length > 0) return found
  throw new AppError(
    'data.missing',
    `None of the published profiles is in ${places.join(', ')}.`,
    `Name the folder that holds ${wanted.map(({ file }) => file).join(', ')}.`
  )
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false
  )

const dataSetWidth = 18
const cellWidth = 9

function tableText(results: readonly PublishedResult[]): string[] {
  const cells = (values: readonly string[]): string => values.map((text) => text.padStart(cellWidth)).join('')
  const errors = ({ trainMape, randomMape, unseenShapeMape }: MeasuredErrors): string[] =>
    [trainMape, randomMape, unseenShapeMape].map(formatErrorPercent)
  const group = (title: string, columns: number): string => `  ${title}`.padEnd(columns * cellWidth)
  const parts = ['train', 'random', 'unseen']
  return [
    `${''.padEnd(dataSetWidth)}${group('published', 2)}${group('one stage', 3)}${group('two stages, published rule', 3)}${group('two stages, by unseen', 3)}`.trimEnd(),
    `${'data set'.padEnd(dataSetWidth)}${cells(['one', 'two', ...parts, ...parts, ...parts])}`,
    ...results.map(
      (row) =>
        `${row.dataset.padEnd(dataSetWidth)}${cells([
          formatErrorPercent(row.publishedOneStage),
          formatErrorPercent(row.publishedTwoStage),
          ...errors(row.oneStage),
          ...errors(row.publishedRule),
          ...errors(row.twoStage)
        ])}`
    ),
    ...results.map((row) => `${row.dataset}: published rule chose ${row.publishedRule.description}`)
  ]
}
