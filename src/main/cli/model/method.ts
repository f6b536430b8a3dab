import type { QuantMethod } from '../../../shared/contract/model'
import { quantMethods } from '../../../shared/vocabulary'
import { choiceOption, type CliArguments } from '../framework/framework'

/** The option --method of verbs that quantize a network and judge it. */
export const methodOption = {
  method: {
    type: 'string',
    help: 'ptq; reconstruct: codes and scales searched; grouped: also scales of 16 weights each, for evaluation alone; distill: tuned without labels, below 8 bits; retrain: with labels, below 4 bits',
    default: 'ptq'
  }
} as const

/** Reads --method. @throws UsageError for another name */
export function methodOf(args: CliArguments): QuantMethod {
  return choiceOption(args, 'method', quantMethods) ?? 'ptq'
}
