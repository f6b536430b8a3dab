import path from 'node:path'
import { isFlashLoader } from '../../../core/board/description/flashBoards'
import { readDescription } from '../../../core/board/description/readDescription'
import type { BoardDescription } from '../../../shared/contract/board/boardDescription'
import { formatBytes, formatHex } from '../../../shared/units'
import { textOption, UsageError, type CliVerb } from '../framework/framework'
import { clientOf } from '../framework/localClient'
import { readRegularFile } from '../../files/readRegularFile'
import { modelOptions, readModel } from './deployModel'

/** `bitbench deploy flash`: monitor and network as one file for a microcontroller's flash. */
export const deployFlashVerb: CliVerb = {
  summary: 'Writes monitor and network as one file for the flash of a microcontroller (GD32VF103, CH32V307).',
  usage:
    '--out FILE.bin --board-name gd32vf103|ch32v307|… | --description FILE [--model FILE.onnx] [--dataset N] [--scheme exported|w4a8,…]',
  options: {
    ...modelOptions,
    'board-name': {
      type: 'string',
      help: 'a shipped description, as `bitbench board describe --name` takes it'
    },
    description: { type: 'string', help: 'description of the board as JSON, for another clock or chip' },
    out: { type: 'string', help: 'new file' }
  },
  async run(args, context) {
    const out = textOption(args, 'out')
    if (out === undefined) throw new UsageError('--out FILE.bin is needed')
    const name = textOption(args, 'board-name')
    const file = textOption(args, 'description')
    if ((name === undefined) === (file === undefined))
      throw new UsageError('give either --board-name NAME or --description FILE')
    const client = await clientOf(context)
    const description =
      file === undefined
        ? (await client.call('board.describe', { file: null, name: name ?? null })).description
        : readDescription(await readRegularFile(path.resolve(context.cwd, file)))
    const written = await client.call('deploy.flash', {
      ...(await readModel(client, args, context)),
      description,
      file: path.resolve(context.cwd, out)
    })
    const { sizeBytes, address, monitorBytes, imageAddress, imageBytes, arenaBytes } = written
    return {
      json: written,
      text: [
        `${formatBytes(sizeBytes)} in ${written.file}, for flash from ${formatHex(address)}`,
        `monitor ${formatBytes(monitorBytes)}, network ${formatBytes(imageBytes)} at ${formatHex(imageAddress)}, arena ${formatBytes(arenaBytes)} of RAM`,
        `Write it with: bitbench ${writeCommand(description.loader, out, address)}`
      ].join('\n')
    }
  }
}

/** How the file comes into flash: over the chip's ROM where the description names its loader, else over a debug probe. */
export function writeCommand(loader: BoardDescription['loader'], file: string, address: number): string {
  const named = /^[\w./-]+$/.test(file) ? file : `"${file}"`
  const at = `${named} --address ${formatHex(address)}`
  return isFlashLoader(loader)
    ? `board load PORT ${at} --loader ${loader} --start`
    : `board debug-load ${at} --openocd SCRIPT --flash`
}
