import type { Board, PortSettingsChange } from '../../../shared/contract/board'
import { choiceOption, numberOption, UsageError, type CliArguments } from '../framework/framework'
import type { LocalClient } from '../framework/localClient'

/** How a serial line is opened. */
export const lineOptions = {
  baud: { type: 'string', help: 'speed of a serial port (115200)' },
  dtr: { type: 'string', help: 'DTR on open: leave, on or off' },
  rts: { type: 'string', help: 'RTS on open: leave, on or off' }
} as const

/** What the options of a line say, as settings to change; empty where none was given. */
export function lineSettings(args: CliArguments): PortSettingsChange {
  const baudRate = numberOption(args, 'baud', { min: 50, max: 12_000_000, integer: true })
  const levels = ['leave', 'on', 'off'] as const
  const dtr = choiceOption(args, 'dtr', levels)
  const rts = choiceOption(args, 'rts', levels)
  return {
    ...(baudRate === undefined ? {} : { baudRate }),
    ...(dtr === undefined ? {} : { dtr }),
    ...(rts === undefined ? {} : { rts })
  }
}

/** Opens the line of a board as the options say, for a command that connects it by itself; without options nothing is done. */
export async function openLine(client: LocalClient, id: string, args: CliArguments): Promise<void> {
  const settings = lineSettings(args)
  if (Object.keys(settings).length > 0) await client.call('board.connect', { id, identify: false, settings })
}

/** Connects the board named by the first positional. */
export async function connect(
  client: LocalClient,
  args: CliArguments,
  identify = true
): Promise<{ board: Board }> {
  const id = args.positionals[0]
  if (id === undefined) throw new UsageError('a board is missing, e.g. virtual:small or /dev/ttyUSB0')
  return await client.call('board.connect', { id, identify, settings: lineSettings(args) })
}
