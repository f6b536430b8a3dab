import { countOf } from '../../shared/units'
import path from 'node:path'
import { enoughRows } from '../../core/proxy/fit/drawShapes'
import { groupByShape } from '../../core/proxy/fit/folds'
import { quantityOf, type ProxyKernelName, type Quantity } from '../../shared/vocabulary'
import type { SampleTable } from '../../core/proxy/samples'
import type { SampleSet, SampleSource } from '../../shared/contract/proxy'
import { readSampleFiles } from './proxyFiles'

/** Samples of boards, as the profile service has them; passed in by compose. */
export interface BoardSamples {
  /** Board and kernel of every set in the store, with its size. */
  list(): Promise<
    {
      boardId: string
      boardName: string
      kernel: ProxyKernelName
      unit: SampleTable['unit']
      rows: number
      shapes: number
    }[]
  >
  load(boardId: string, kernel: ProxyKernelName, quantity: Quantity): Promise<SampleTable>
}

/** What can be fitted: what was measured on boards, and CSV files that were named in this session. */
export interface SampleSources {
  load(source: SampleSource, kernel: ProxyKernelName): Promise<SampleTable>
  titleOf(source: SampleSource): Promise<string>
  sets(): Promise<SampleSet[]>
  importFiles(
    paths: string[],
    kernel: ProxyKernelName,
    decimal?: '.' | ','
  ): Promise<{ set: SampleSet; warnings: string[] }>
}

/** A board as a source: latency is what a source without a quantity means. */
const boardSource = (boardId: string, quantity: Quantity): SampleSource =>
  quantity === 'latency' ? { kind: 'board', boardId } : { kind: 'board', boardId, quantity }

const titleOfSet = (boardName: string, quantity: Quantity): string =>
  quantity === 'energy' ? `${boardName}, energy` : boardName

type FileSource = Extract<SampleSource, { kind: 'files' }>

/** Returns the samples that proxies can be fitted to: of boards and of files. */
export function createSampleSources(boardSamples: BoardSamples): SampleSources {
  const imported: SampleSet[] = []
  const titleOf = async (source: SampleSource): Promise<string> => {
    if (source.kind === 'files') return source.paths.map((file) => path.basename(file)).join(', ')
    const sets = await boardSamples.list()
    const name = sets.find((set) => set.boardId === source.boardId)?.boardName ?? source.boardId
    return titleOfSet(name, source.quantity ?? 'latency')
  }
  return {
    titleOf,
    load: async (source, kernel) =>
      source.kind === 'files'
        ? (await readSampleFiles(source.paths, kernel, { decimal: source.decimal })).samples
        : await boardSamples.load(source.boardId, kernel, source.quantity ?? 'latency'),
    sets: async () => [
      ...(await boardSamples.list()).map(({ boardId, boardName, kernel, unit, rows, shapes }) => ({
        source: boardSource(boardId, quantityOf(unit)),
        title: titleOfSet(boardName, quantityOf(unit)),
        kernel,
        unit,
        rows,
        shapes
      })),
      ...imported
    ],
    async importFiles(paths, kernel, decimal) {
      const { samples, warnings } = await readSampleFiles(paths, kernel, { decimal })
      if (samples.count > enoughRows) {
        warnings.push(
          `${samples.count} rows: fits and errors are those of ${countOf(enoughRows, 'row')} of whole shapes, drawn by the seed.`
        )
      }
      const source: FileSource = {
        kind: 'files',
        paths: paths.map((file) => path.resolve(file)),
        decimal
      }
      const set: SampleSet = {
        source,
        title: await titleOf(source),
        kernel,
        unit: samples.unit,
        rows: samples.count,
        shapes: groupByShape(samples).groups
      }
      const again = imported.findIndex(
        (other) =>
          other.kernel === kernel &&
          other.source.kind === 'files' &&
          other.source.paths.join('\n') === source.paths.join('\n')
      )
      if (again >= 0) imported.splice(again, 1)
      imported.push(set)
      return { set, warnings }
    }
  }
}
