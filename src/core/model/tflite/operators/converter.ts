import type { Conversion } from '../conversion'
import type { TfliteOperator, TfliteOption } from '../tflite'

/** Why the form of an operator is not read, as a part of a sentence, and what helps. */
export interface Refusal {
  readonly reason: string
  readonly remedy: string
}

/** Writes an operator as ONNX nodes and binds its outputs; false where its form is not read, or why and what helps. */
export type Converter = (conversion: Conversion, operator: TfliteOperator) => boolean | Refusal

/** An option of the operator's table; undefined where its schema has none of that name. */
export function optionOf(operator: TfliteOperator, name: string): TfliteOption | undefined {
  return operator.options[name]
}

/** A number of the options; 0 where it is not given. */
export function optionNumber(operator: TfliteOperator, name: string): number {
  const value = operator.options[name]
  return typeof value === 'number' ? value : 0
}

/** The bias as an operand, where there is one. */
export function biasOf(conversion: Conversion, operator: TfliteOperator, position: number): string[] {
  return conversion.has(operator, position) ? [conversion.real(operator.inputs[position])] : []
}
