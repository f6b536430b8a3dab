import { createRandom } from '../../math/random'
import { knobsOf, type StageTable } from '../samples/stageTable'

/** Knobs that make a configuration in the documents: tier x top-k x blocks; other data sets use all knobs. */
const configurationKnobs = ['tier', 'moeTopK', 'activeBlocks']

/** Name of a row's configuration, e.g. `medium_8_12`. */
export function configurationNames(table: StageTable): string[] {
  const known = configurationKnobs.filter((name) => table.knobs.some((knob) => knob.name === name))
  const used = known.length > 0 ? known : table.knobs.map((knob) => knob.name)
  return Array.from({ length: table.count }, (_, row) => {
    const knobs = knobsOf(table, row)
    return used.map((name) => String(knobs[name])).join('_')
  })
}

/** Numbers of groups of equal names, in the order of their first row. */
export function groupNumbers(names: readonly string[]): Int32Array {
  const numbers = new Map<string, number>()
  return Int32Array.from(names, (name) => {
    const number = numbers.get(name) ?? numbers.size
    numbers.set(name, number)
    return number
  })
}

/** Rows to train on and rows held out; all rows of a configuration are on one side. */
export interface ConfigurationSplit {
  train: Int32Array
  validation: Int32Array
  /** Group per row of the table. */
  groupOf: Int32Array
}

/** Whole configurations are held out, so that validation sees none that was trained on. */
export function splitByConfiguration(table: StageTable, share: number, seed: number): ConfigurationSplit {
  const groupOf = groupNumbers(configurationNames(table))
  const groups = groupOf.reduce((most, group) => Math.max(most, group + 1), 0)
  const order = createRandom(seed).shuffle(Int32Array.from({ length: groups }, (_, group) => group))
  const held = new Set(order.slice(0, groups < 3 ? 0 : Math.max(1, Math.round(share * groups))))
  const rows = Int32Array.from({ length: table.count }, (_, row) => row)
  return {
    train: rows.filter((row) => !held.has(groupOf[row])),
    validation: rows.filter((row) => held.has(groupOf[row])),
    groupOf
  }
}
