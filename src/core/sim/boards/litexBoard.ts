import { formatHex32 } from '@shared/units'
import type { BoardDescription } from '@shared/contract/board/boardDescription'
import { describeLitexMap } from '../../board/description/describeLitex'
import { litexMap } from '../../board/description/shippedBoards'
import { timerLitexRegisters } from '../devices/timerLitex'
import { type MachineConfig, corePresets } from './presets'

/**
 * A LiteX SoC: the core of `mid` (LiteX's usual VexRiscv) with main RAM, CSR UART and a BIOS where LiteX puts them. It comes up
 * in its BIOS, without a monitor, as such a board does. It is for boot loaders; to compare costs take a preset.
 */
export const litexBoard: MachineConfig = {
  ...corePresets.mid,
  name: 'litex',
  coreName: 'Bitbench virtual LiteX SoC (VexRiscv class)',
  implementationId: 3,
  ramBytes: 8 << 20,
  litex: litexMap
}

/** What LiteX would write about a virtual SoC when it builds it (csr.csv), as far as a loader needs it. */
export function litexBoardCsv(board: MachineConfig = litexBoard): string {
  const { clockHz, ramBytes } = board
  const { ramBase, uartBase, timerBase } = board.litex!
  const registers = 'rxtx txfull rxempty ev_status ev_pending ev_enable txempty rxfull'.split(' ')
  return [
    '# Describes the virtual LiteX SoC.',
    `csr_base,uart,${formatHex32(uartBase)},,`,
    ...registers.map((name, index) => `csr_register,uart_${name},${formatHex32(uartBase + 4 * index)},1,rw`),
    ...(timerBase === undefined
      ? []
      : timerLitexRegisters.map(
          (name, index) => `csr_register,timer0_${name},${formatHex32(timerBase + 4 * index)},1,rw`
        )),
    `constant,config_clock_frequency,${clockHz},,`,
    `memory_region,main_ram,${formatHex32(ramBase)},${ramBytes},cached`,
    ''
  ].join('\n')
}

/** The description of a virtual board with LiteX's memory map; its clock is in a CSR of its own. */
export function describeLitexMachine({ litex, ramBytes }: MachineConfig): BoardDescription {
  const { ramBase, uartBase } = litex ?? litexMap
  return describeLitexMap({ ramBase, uartBase, ramBytes, clockHz: null, timer0: null })
}
