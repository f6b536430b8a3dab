import { loadLm, shippedLm, type LoadedLm } from '../../lm/lmFiles'
import { onnxAccess } from '../../model/files/onnxAccess'
import { textOption, UsageError, type CliArguments, type OptionSpec } from '../framework/framework'

/** Options of every verb that reads a language model. */
export const lmOptions: OptionSpec = {
  tokenizer: {
    type: 'string',
    help: 'tokenizer of the model; without: tokenizer.bin or tokenizer.json beside it',
    valueName: 'FILE'
  },
  calibration: { type: 'string', help: 'texts to choose scales on, one a line', valueName: 'FILE' }
}

/** How schemes are written, for the help of verbs. */
export const lmSchemeNotes: readonly string[] = [
  `MODEL is a checkpoint of llama2.c or a Llama-style decoder as .onnx; without, the shipped ${shippedLm}.`,
  'A scheme: w4a8 for all matrices, then exceptions: w4a8,w2=w8a8,0.wo=w8a8,cls=w8a8,kv=4.'
]

/** Reads the model a verb names, or the shipped one. @throws UsageError for more than one */
export async function lmOf(args: CliArguments, cwd: string): Promise<LoadedLm> {
  if (args.positionals.length > 1) throw new UsageError('name one model')
  return await loadLm(
    {
      model: args.positionals[0] ?? shippedLm,
      tokenizer: textOption(args, 'tokenizer'),
      calibration: textOption(args, 'calibration'),
      text: textOption(args, 'text')
    },
    cwd,
    onnxAccess
  )
}
