import { createRandom } from '../../math/random'
import type { CollectionStep } from '../../../shared/contract/estimator/collection'
import {
  outputTokensKnob,
  type KnobsEvent,
  type KnobValues
} from '../../../shared/contract/workload/stageProtocol'
import { AppError } from '../../../shared/errors'
import type { KnobValue } from '../samples/stageSample'
import { columnOf } from '../samples/stageTable'
import { spreadRows } from '../spread'

/** A knob with the values that the grid has of it. */
export interface GridKnob {
  readonly name: string
  readonly values: readonly KnobValue[]
}

/** What a runner offers: knobs, stages, limits. */
export type KnobOffer = Omit<KnobsEvent, 'event'>

/** Values of a range: neighbours differ by about the same factor. */
const maxLevels = 12
/** Configurations that the design is chosen from; of a larger grid so many are drawn. */
const maxCandidates = 20_000

/** Whole numbers from min to max, both included, at most `most` of them, at equal ratios. */
export function geometricLevels(min: number, max: number, most = maxLevels): number[] {
  if (max - min < most) return Array.from({ length: max - min + 1 }, (_, at) => min + at)
  const low = Math.max(1, min)
  const levels = Array.from({ length: most }, (_, at) => Math.round(low * (max / low) ** (at / (most - 1))))
  return [...new Set(min < 1 ? [min, ...levels] : levels)]
}

/**
 * The grid of the knobs that a runner offers, narrowed to what was chosen.
 * @throws input.invalid for a knob that it does not have, and values that it does not offer
 */
export function knobGrid(offer: KnobOffer, chosen: Readonly<Record<string, KnobValues>>): GridKnob[] {
  const names = offer.knobs.map(({ name }) => name)
  for (const name of Object.keys(chosen)) {
    if (names.includes(name)) continue
    throw new AppError(
      'input.invalid',
      `The runner has no knob "${name}".`,
      `It has ${names.length === 0 ? 'none' : names.join(', ')}.`
    )
  }
  return offer.knobs.map(({ name, is }) => {
    const choice = Object.hasOwn(chosen, name) ? chosen[name] : undefined
    const values = valuesOf(choice === undefined ? is : within(choice, is))
    const wrong = values.findLast((value) => !offers(is, value))
    if (wrong === undefined && values.length > 0) return { name, values }
    throw new AppError(
      'input.invalid',
      `The runner does not offer ${name} = ${wrong ?? 'of that range'}.`,
      `It offers ${'min' in is ? `${is.min} to ${is.max}` : is.values.join(', ')}.`
    )
  })
}

function valuesOf(is: KnobValues): readonly KnobValue[] {
  return 'min' in is ? geometricLevels(is.min, is.max) : [...new Set(is.values)]
}

/** A range that is chosen of a list keeps the numbers of the list that lie in it. */
function within(choice: KnobValues, is: KnobValues): KnobValues {
  if (!('min' in choice) || 'min' in is) return choice
  return {
    values: is.values.filter(
      (value) => typeof value === 'number' && value >= choice.min && value <= choice.max
    )
  }
}

function offers(is: KnobValues, value: KnobValue): boolean {
  if (!('min' in is)) return is.values.includes(value)
  return typeof value === 'number' && Number.isInteger(value) && value >= is.min && value <= is.max
}

/**
 * A sparse space-filling choice of the grid: a random configuration, then always the one farthest from all chosen, over
 * standardised logarithms of the knobs. Fewer than `count` where fewer are within the limits.
 * @throws input.invalid when none is
 */
export function spaceFillingConfigurations(
  grid: readonly GridKnob[],
  limits: KnobOffer['limits'],
  count: number,
  seed: number
): CollectionStep[] {
  const random = createRandom(seed)
  const size = grid.reduce((product, { values }) => product * values.length, 1)
  const numbers =
    size <= maxCandidates
      ? Array.from({ length: size }, (_, number) => number)
      : [...new Set(Array.from({ length: maxCandidates }, () => Math.floor(random.next() * size)))]
  const candidates = numbers
    .map((number) => configurationAt(grid, number))
    .filter((cells) => limits.every((limit) => isWithin(grid, cells, limit)))
  if (candidates.length === 0) {
    throw new AppError(
      'input.invalid',
      'No configuration of these knobs is within the limits of the runner.',
      `Its limits: ${limits.map(({ sumOf, max }) => `${sumOf.join(' + ')} <= ${max}`).join('; ')}.`
    )
  }
  const columns = grid.map(({ name }, at) =>
    columnOf(
      name,
      candidates.map((cells) => cells[at])
    )
  )
  const order = random.shuffle(Int32Array.from(candidates.keys()))
  const rows = spreadRows(columns, order, Math.min(count, candidates.length))
  return Array.from(rows, (row) => stepOf(grid, candidates[row]))
}

/** The configuration with this number, knobs as digits. */
function configurationAt(grid: readonly GridKnob[], number: number): KnobValue[] {
  let rest = number
  return grid.map(({ values }) => {
    const value = values[rest % values.length]
    rest = Math.floor(rest / values.length)
    return value
  })
}

function isWithin(
  grid: readonly GridKnob[],
  cells: readonly KnobValue[],
  { sumOf, max }: KnobOffer['limits'][number]
): boolean {
  let sum = 0
  grid.forEach(({ name }, at) => {
    if (sumOf.includes(name)) sum += Number(cells[at])
  })
  return sum <= max
}

function stepOf(grid: readonly GridKnob[], cells: readonly KnobValue[]): CollectionStep {
  const all = grid.map(({ name }, at) => [name, cells[at]] as const)
  const tokens = all.find(([name]) => name === outputTokensKnob)?.[1]
  return {
    knobs: Object.fromEntries(all.filter(([name]) => name !== outputTokensKnob)),
    outputTokens: typeof tokens === 'number' ? tokens : null
  }
}
