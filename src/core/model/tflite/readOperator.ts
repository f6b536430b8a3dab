import { AppError } from '../../../shared/errors'
import type { TfliteOperator } from './tflite'

/** Returns what `read` makes of an operator. @throws AppError model.invalid where the operator lacks inputs or its tensors lack axes that it needs. */
export function readOperator<T>({ name }: TfliteOperator, read: () => T): T {
  try {
    return read()
  } catch (reason) {
    if (reason instanceof AppError) throw reason
    throw new AppError(
      'model.invalid',
      `The operator ${name} of the TFLite file cannot be read: ${reason instanceof Error ? reason.message : String(reason)}.`,
      'Check that the file was copied whole, or convert the network again.',
      { details: { operator: name }, cause: reason }
    )
  }
}
