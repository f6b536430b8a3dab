import { AppError } from '@shared/errors'
import type { KnobValues } from '@shared/contract/workload/stageProtocol'

/**
 * Knobs as typed, "promptTokens=1..16; batch=1,4": ranges and lists by knob.
 * @throws input.invalid naming the part that is neither
 */
export function knobChoices(text: string): Record<string, KnobValues> {
  const parts = text
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  return Object.fromEntries(parts.map(knobChoice))
}

function knobChoice(part: string): [string, KnobValues] {
  const [, name = '', is = ''] = /^([^=]+)=(.+)$/.exec(part) ?? []
  const range = /^(\d+)\.\.(\d+)$/.exec(is.trim())
  if (range !== null && Number(range[1]) <= Number(range[2]))
    return [name.trim(), { min: Number(range[1]), max: Number(range[2]) }]
  const values = is.split(',').map((value) => value.trim())
  if (name.trim() === '' || range !== null || values.some((value) => value === '')) {
    throw new AppError(
      'input.invalid',
      `"${part}" is no choice of a knob.`,
      'Write promptTokens=1..16 or batch=1,4, with ; between knobs.'
    )
  }
  return [
    name.trim(),
    { values: values.map((value) => (Number.isFinite(Number(value)) ? Number(value) : value)) }
  ]
}
