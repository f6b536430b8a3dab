import { virtualPpk2Port } from '../../shared/contract/meter'
import { AppError } from '../../shared/errors'

/**
 * Refuses the simulated meter beside another board than a virtual one: its clock goes by the cycles of virtual boards, so a phase on
 * another board would never end.
 *
 * @throws input.invalid
 */
export function requireMeterFor(port: string, board: { name: string; kind: string }): void {
  if (port !== virtualPpk2Port || board.kind === 'virtual') return
  throw new AppError(
    'input.invalid',
    `The simulated meter ${virtualPpk2Port} measures virtual boards alone; ${board.name} is none.`,
    'Choose a virtual board, or the port of a meter in the supply of the board.'
  )
}
