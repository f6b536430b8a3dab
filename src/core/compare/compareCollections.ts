import type { Collection } from '../../shared/contract/estimator/collection'
import { mean } from '../math/mean'
import { costFigure } from './costFigure'
import { agree, plainFigure as plain, textRows, type RunFigures } from './figures'

/** One timed run of a configuration, ms by stage. */
export interface ComparedStageSample {
  readonly knobs: Readonly<Record<string, number | string>>
  readonly outputTokens?: number | undefined
  readonly stages: Readonly<Record<string, number>>
  /** Times by position; the decode stage is their sum where it is not among the stages. */
  readonly decodePerTokenMs?: readonly number[] | undefined
}

/** A collection of stage times with its samples. */
export interface ComparedCollection {
  readonly collection: Pick<Collection, 'subject' | 'measured' | 'failed' | 'request'>
  readonly samples: readonly ComparedStageSample[]
}

/** Stage times of two devices or runtimes: the ratio of every stage at the configurations that both measured. */
export function compareCollections(collections: readonly ComparedCollection[]): RunFigures {
  const stages = [
    ...new Set(collections.flatMap(({ samples }) => samples.flatMap((one) => Object.keys(stageTimes(one)))))
  ]
  const names = [...stages, ...(stages.length > 1 ? ['total'] : [])]
  const means = collections.map(({ samples }) => meanTimes(samples))
  const haveCommon = means
    .slice(1)
    .every((times) => [...times.keys()].some((configuration) => means[0].has(configuration)))
  return {
    notes: [
      ...(agree(
        collections.filter(({ samples }) => samples.length > 0),
        stageNames
      )
        ? []
        : ['They have different stages: such totals are not compared.']),
      ...(haveCommon ? [] : ['Not all of them measured a configuration of the first one.']),
      ...(agree(collections, ({ collection }) => collection.subject?.model)
        ? []
        : ['They measured different networks.'])
    ],
    figures: [
      ...names.map((stage) =>
        costFigure(
          `${stage}: time`,
          'ms',
          'configuration',
          means.map((times) => timesOf(times, stage))
        )
      ),
      plain(
        'Configurations measured',
        'configurations',
        collections.map(({ collection }) => collection.measured)
      ),
      plain(
        'Configurations refused by the runner',
        'configurations',
        collections.map(({ collection }) => collection.failed)
      )
    ],
    rows: settingRows(collections),
    curves: []
  }
}

function stageTimes({ stages, decodePerTokenMs }: ComparedStageSample): Record<string, number> {
  if (decodePerTokenMs === undefined || stages['decode'] !== undefined) return stages
  return { ...stages, decode: sumOf(decodePerTokenMs) }
}

const stageNames = ({ samples }: ComparedCollection): string =>
  [...new Set(samples.flatMap((one) => Object.keys(stageTimes(one))))].sort().join()

const sumOf = (times: readonly number[]): number => times.reduce((sum, one) => sum + one, 0)

type StageMeans = ReadonlyMap<string, number>

/** Mean times of a stage by configuration, those above 0; a total of other stages is of another configuration. */
function timesOf(means: ReadonlyMap<string, StageMeans>, stage: string): Map<string, number> {
  const times = new Map<string, number>()
  for (const [key, stages] of means) {
    const time = stage === 'total' ? sumOf([...stages.values()]) : stages.get(stage)
    const about = stage === 'total' ? `${key} ${[...stages.keys()].sort().join()}` : key
    if (time !== undefined && time > 0) times.set(about, time)
  }
  return times
}

/** Mean time of every stage by configuration. */
function meanTimes(samples: readonly ComparedStageSample[]): Map<string, Map<string, number>> {
  const lists = new Map<string, Map<string, number[]>>()
  for (const sample of samples) {
    const { knobs, outputTokens } = sample
    const stages = stageTimes(sample)
    const key = JSON.stringify([Object.entries(knobs).sort(([a], [b]) => (a < b ? -1 : 1)), outputTokens])
    const known = lists.get(key) ?? new Map<string, number[]>()
    lists.set(key, known)
    for (const [stage, timeMs] of Object.entries(stages)) {
      const times = known.get(stage) ?? []
      known.set(stage, times)
      times.push(timeMs)
    }
  }
  return new Map(
    [...lists].map(([key, found]) => [key, new Map([...found].map(([stage, times]) => [stage, mean(times)]))])
  )
}

function settingRows(collections: readonly ComparedCollection[]): RunFigures['rows'] {
  return textRows(collections, [
    ['network', ({ collection }) => collection.subject?.model ?? ''],
    ['device', ({ collection }) => collection.subject?.device ?? ''],
    ['runtime', ({ collection }) => collection.subject?.runtime ?? ''],
    ['repetitions', ({ collection }) => String(collection.request.repetitions)],
    ['seed', ({ collection }) => String(collection.request.seed)]
  ])
}
