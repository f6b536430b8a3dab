import path from 'node:path'
import type { BoardDescription } from '../../../shared/contract/board/boardDescription'
import { formatBytes, formatCount, formatHex, formatHex32 } from '../../../shared/units'
import { clientOf } from '../framework/localClient'
import { textOption, UsageError, type CliVerb } from '../framework/framework'

/** `bitbench board describe`: what a file says of a board, as the description that a monitor is made for. */
export const boardDescribeVerb: CliVerb = {
  summary: 'Shows the description of a board from a file (LiteX, device tree, JSON) or a shipped one.',
  usage: '--from FILE | --fdt FILE | --name NAME [--json]',
  options: {
    from: { type: 'string', help: 'csr.csv, csr.json, soc.json, a device tree, or a description as JSON' },
    fdt: { type: 'string', help: 'a device tree: the blob, or the text of `fdt print /` at U-Boot' },
    name: { type: 'string', help: 'a board whose description is shipped, e.g. qemu' }
  },
  async run(args, context) {
    const [from, fdt, name] = ['from', 'fdt', 'name'].map((option) => textOption(args, option))
    if ([from, fdt, name].filter((value) => value !== undefined).length !== 1)
      throw new UsageError('give one of --from, --fdt and --name')
    const file = from ?? fdt
    const client = await clientOf(context)
    const { description } = await client.call('board.describe', {
      file: file === undefined ? null : { path: path.resolve(context.cwd, file) },
      name: name ?? null
    })
    // A file of its own: what --description takes.
    return { json: description, text: descriptionText(description) }
  }
}

function descriptionText(board: BoardDescription): string {
  const { uart, ram, flash } = board
  const rows: [string, string][] = [
    ['Name', board.name ?? 'by its identity registers'],
    ['ISA', board.isa ?? 'unknown'],
    ['Clock', board.clockHz === null ? 'unknown' : formatCount(board.clockHz, 'Hz')],
    [
      'UART',
      `${uart.kind} at ${formatHex32(uart.base)}, registers ${uart.stride} bytes apart, accessed by ${uart.widthBytes}`
    ],
    ['RAM', `${formatBytes(ram.sizeBytes)} at ${formatHex32(ram.base)}`],
    ['Flash', flash === null ? 'none' : `${formatBytes(flash.sizeBytes)} at ${formatHex32(flash.base)}`],
    ['Cycles', counterText(board)],
    ['Loader', board.loader],
    ['Reset', board.resetLines],
    ['Monitor', board.monitor]
  ]
  return rows.map(([label, value]) => `${label.padEnd(8)} ${value}`).join('\n')
}

function counterText({ counter }: BoardDescription): string {
  if (counter.kind === 'csr') return `CSR ${formatHex(counter.number)}, 32 bits`
  if (counter.kind !== 'timer') return counter.kind
  const { address, highAddress, frequencyHz, counts } = counter
  return `timer at ${formatHex32(address)}, ${highAddress === null ? 32 : 64} bits, counts ${counts} at ${formatCount(frequencyHz, 'Hz')}`
}
