import path from 'node:path'
import { bitFusionDefaults, bitFusionHardware } from '../../../core/accelerator/bitfusion'
import { bitFusionGraph, bitFusionText, parseArrayBits } from '../../../core/deploy/bitfusionGraph'
import { weightedNodes } from '../../../core/model/graph'
import { bitFusionHardwareSchema } from '../../../shared/contract/deploy/bitfusion'
import { writeWholeFile } from '../../files/replaceFile'
import { textOption, UsageError, type CliVerb } from '../framework/framework'
import { openModel } from '../model/model'

const sizes = Object.entries(bitFusionDefaults).map(([name, value]) => `${name}=${value}`)

/** `bitbench deploy bitfusion`: a network as a compiler for the accelerator takes it; needs no board and no data file. */
export const bitfusionVerb: CliVerb = {
  summary:
    'A network on the BitFusion accelerator: layers, precisions, tilings, buffers, cycles; as text or JSON.',
  usage: '--model FILE.onnx [--scheme w5a3,…] [--hardware rows=16,…] [--out FILE.json|FILE.txt]',
  options: {
    model: { type: 'string', help: 'the network' },
    scheme: {
      type: 'string',
      help: 'wWaA for all layers or one per layer, separated by commas; W and A from 1 to 8',
      default: 'int8'
    },
    hardware: { type: 'string', help: `sizes of the array that differ from ${sizes.join(', ')}` },
    out: { type: 'string', help: 'file for the graph: JSON, or text where it ends in .txt' }
  },
  notes: ['Cycles are those of one batch, estimated by the analytic model (docs/proxies.md).'],
  async run(args, context) {
    const file = textOption(args, 'model')
    if (file === undefined) throw new UsageError('deploy bitfusion needs --model FILE.onnx')
    const { graph, summary } = await openModel(args, context, file)
    // As every other command names it; a file's own name is often that of the exporter.
    const network = { ...graph, name: summary.name }
    const bits = parseArrayBits(textOption(args, 'scheme') ?? 'int8', weightedNodes(network).length)
    const compiled = bitFusionGraph(network, bits, readHardware(textOption(args, 'hardware')))
    const text = bitFusionText(compiled)
    const out = textOption(args, 'out')
    if (out === undefined) return { json: compiled, text }
    const target = path.resolve(context.cwd, out)
    await writeWholeFile(
      target,
      out.endsWith('.txt') ? `${text}\n` : `${JSON.stringify(compiled, null, 2)}\n`
    )
    return { json: { ...compiled, out: target }, text: `${text}\nwritten to ${target}` }
  }
}

/** Reads "rows=16,batch=1". */
function readHardware(text: string | undefined) {
  if (text === undefined) return bitFusionDefaults
  const changes: Record<string, number> = {}
  for (const part of text.split(',')) {
    const [name = '', value = ''] = part.split('=').map((side) => side.trim())
    if (!(name in bitFusionDefaults) || value === '')
      throw new UsageError(`--hardware takes ${sizes.join(', ')}, not "${part.trim()}"`)
    changes[name] = Number(value)
  }
  const read = bitFusionHardwareSchema.safeParse(bitFusionHardware(changes))
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw new UsageError(`--hardware ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not a size'}`)
}
