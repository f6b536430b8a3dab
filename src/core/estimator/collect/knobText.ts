import type { KnobValues } from '../../../shared/contract/workload/stageProtocol'

/** Values of a knob as they are written: `1..64`, or `1,2,4` (numbers and names); null where it is neither. */
export function knobValuesOfText(text: string): KnobValues | null {
  const range = /^(\d+)\.\.(\d+)$/.exec(text.trim())
  if (range !== null) {
    const [min, max] = [Number(range[1]), Number(range[2])]
    return min <= max ? { min, max } : null
  }
  const values = text.split(',').map((part) => part.trim())
  if (values.some((value) => value === '')) return null
  return { values: values.map((value) => (Number.isFinite(Number(value)) ? Number(value) : value)) }
}
