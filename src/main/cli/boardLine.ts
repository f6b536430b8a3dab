import type { Board } from '../../shared/contract/board'
import { choiceOption, numberOption, UsageError, type CliArguments } from './framework'
import type { LocalClient } from './localClient'

/** How a serial line is opened. */
export const lineOptions = {
  baud: { type: 'string', help: 'speed of a serial port (115200)' },
  dtr: { type: 'string', help: 'DTR on open: leave, on or off' },
  rts: { type: 'string', help: 'RTS on open: leave, on or off' }
} as const

/** Connects the board named by the first positional. */
export async function connect(
  client: LocalClient,
  args: CliArguments,
  identify = true
): Promise<{ board: Board }> {
  const id = args.positionals[0]
  if (id === undefined) throw new UsageError('a board is missing, e.g. virtual:small or /dev/ttyUSB0')
  const baudRate = numberOption(args, 'baud', { min: 50, max: 12_000_000, integer: true })
  const levels = ['leave', 'on', 'off'] as const
  const dtr = choiceOption(args, 'dtr', levels)
  const rts = choiceOption(args, 'rts', levels)
  return await client.call('board.connect', {
    id,
    identify,
    settings: {
      ...(baudRate === undefined ? {} : { baudRate }),
      ...(dtr === undefined ? {} : { dtr }),
      ...(rts === undefined ? {} : { rts })
    }
  })
}
