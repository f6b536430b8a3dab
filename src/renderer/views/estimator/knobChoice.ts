import { AppError } from '@shared/errors'
import { knobValuesOfText } from '@core/estimator/collect/knobText'
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
  const values = knobValuesOfText(is)
  if (name.trim() !== '' && values !== null) return [name.trim(), values]
  throw new AppError(
    'input.invalid',
    `"${part}" is no choice of a knob.`,
    'Write promptTokens=1..16 or batch=1,4, with ; between knobs.'
  )
}
