import { existsSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '../../../shared/errors'
import { countOf, formatPercent } from '../../../shared/units'
import { compareRuns, type RunComparison } from '../../../core/workload/statistics/compare'
import { readTableFolders, type NamedTables } from '../../workload/report/tableFolders'
import { writeMergedTables, writeWorkload } from '../../workload/report/writeWorkload'
import { numberOption, textOption, UsageError, type CliContext, type CliVerb } from '../framework/framework'

/** A run that `figures` and `compare` name: a folder of tables, or a stored run as `namedRun` finds it. */
async function namedTables(name: string, context: CliContext, stored: StoredTables): Promise<NamedTables[]> {
  const folder = path.resolve(context.cwd, name)
  // What is written as a path is one, whether or not there is something.
  if (existsSync(folder) || /[/\\]|^[.~]/.test(name)) return readTableFolders(folder)
  try {
    return [await stored(name, context)]
  } catch (cause) {
    if (AppError.from(cause).code !== 'input.notFound') throw cause
    throw new AppError(
      'input.notFound',
      `There is neither a folder ${folder} nor a stored run "${name}".`,
      'Give the folder of "workload run --out", or the name or id of a run that "workload list" shows.',
      { cause }
    )
  }
}

/** Fetches the tables of a stored run. @throws input.notFound */
export type StoredTables = (id: string, context: CliContext) => Promise<NamedTables>

const statisticsOptions = {
  confidence: { type: 'string', help: 'of the intervals', default: '0.95' },
  seed: { type: 'string', help: 'of the bootstrap', default: '1' }
} as const

/** `bitbench workload figures`. */
export function workloadFiguresVerb(stored: StoredTables): CliVerb {
  return {
    summary: 'Draws the figures of runs as PNG (300 dpi) and SVG, the merged table and one HTML report.',
    usage: 'RUN|FOLDER… [--out FOLDER]',
    options: {
      out: { type: 'string', help: 'folder for <model>/ and report.html; without: the folder of the tables' },
      ...statisticsOptions
    },
    async run(args, context) {
      if (args.positionals.length === 0) throw new UsageError('give a stored run or a folder of tables')
      const runs: NamedTables[] = []
      for (const name of args.positionals) runs.push(...(await namedTables(name, context, stored)))
      const given = textOption(args, 'out')
      const first = path.resolve(context.cwd, args.positionals[0])
      if (given === undefined && (args.positionals.length > 1 || !existsSync(first))) {
        throw new UsageError('--out FOLDER says where the figures of several or stored runs go')
      }
      const out = given === undefined ? first : path.resolve(context.cwd, given)
      const { analyses, files: drawn } = await writeWorkload(runs, out, {
        confidence: numberOption(args, 'confidence', { min: 0.5, max: 0.999 }) ?? 0.95,
        seed: numberOption(args, 'seed', { min: 0, integer: true }) ?? 1
      })
      const files = [...(await writeMergedTables(runs, out)), ...drawn]
      return {
        json: { models: analyses.map(({ model, findings, merged }) => ({ model, findings, merged })), files },
        text: [
          ...analyses.flatMap(({ model, findings }) => [model, ...findings.map((line) => `  ${line}`), '']),
          `Wrote ${files.length} files to ${out}, all of them in ${path.join(out, 'report.html')}`
        ].join('\n')
      }
    }
  }
}

/** `bitbench workload compare`. */
export function compareVerb(stored: StoredTables): CliVerb {
  return {
    summary: 'Compares two runs: differences with intervals, layers of the same name, shares by type.',
    usage: 'RUN|FOLDER RUN|FOLDER',
    options: { confidence: statisticsOptions.confidence },
    async run(args, context) {
      if (args.positionals.length !== 2) throw new UsageError('give two runs or folders of one network each')
      const [a, b] = [
        await single(args.positionals[0], context, stored),
        await single(args.positionals[1], context, stored)
      ]
      const confidence = numberOption(args, 'confidence', { min: 0.5, max: 0.999 }) ?? 0.95
      const comparison = compareRuns(a, b, confidence)
      return {
        json: { a: a.model, b: b.model, confidence, ...comparison },
        text: comparisonText(a.model, b.model, comparison)
      }
    }
  }
}

async function single(name: string, context: CliContext, stored: StoredTables): Promise<NamedTables> {
  const found = await namedTables(name, context, stored)
  if (found.length === 1) return found[0]
  throw new UsageError(`${name} holds ${found.length} networks; name the folder of one`)
}

function comparisonText(a: string, b: string, found: RunComparison): string {
  const shown = found.layers.flatMap(({ layer, figures }) =>
    figures
      .filter((figure) => figure.isSignificant)
      .map((figure) => `  ${layer}, ${figure.name}: ${figure.ratio?.toFixed(3) ?? '–'} times`)
  )
  const doubtful = found.layers
    .flatMap(({ figures }) => figures)
    .filter(({ a: one, b: other }) => one.verdict === 'INVALID' || other.verdict === 'INVALID').length
  return [
    `A: ${a}, B: ${b}`,
    ...found.findings,
    '',
    'Share by layer type (A, B): time, energy',
    ...found.types.map(
      ({ type, a: left, b: right }) =>
        `  ${type}: ${formatPercent(left?.timeShare)} and ${formatPercent(right?.timeShare)}, ${formatPercent(left?.energyShare)} and ${formatPercent(right?.energyShare)}`
    ),
    '',
    `${found.layers.length} layers of the same name; differences shown (B by A):`,
    ...(shown.length === 0 ? ['  none'] : shown),
    ...(doubtful === 0 ? [] : [`Left out: ${countOf(doubtful, 'comparison')} with an INVALID figure`]),
    ...(found.onlyInA.length === 0 ? [] : [`Only in A: ${found.onlyInA.join(', ')}`]),
    ...(found.onlyInB.length === 0 ? [] : [`Only in B: ${found.onlyInB.join(', ')}`])
  ].join('\n')
}
