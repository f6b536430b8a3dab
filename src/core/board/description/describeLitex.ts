import type { BoardDescription } from '@shared/contract/board/boardDescription'
import { checkLitexCore, type LitexCore } from '../litexCore'
import type { LitexSoc } from '../litexSoc'

/**
 * The description of a LiteX SoC as its csr.csv or csr.json has it.
 *
 * @throws input.unsupported for a core that the monitor cannot run on
 */
export function describeLitexSoc(soc: LitexSoc): BoardDescription {
  checkLitexCore(soc.core)
  return { ...describeLitexMap(soc), ...countersOf(soc), name: nameOf(soc.core), isa: soc.core.isa }
}

/** The description of a LiteX SoC of which only the places are known. */
export function describeLitexMap(map: Omit<LitexSoc, 'core'>): BoardDescription {
  return {
    name: null,
    isa: null,
    clockHz: map.clockHz,
    // Every CSR takes 32 bits.
    uart: { kind: 'litex', base: map.uartBase, stride: 4, widthBytes: 4 },
    ram: { base: map.ramBase, sizeBytes: map.ramBytes },
    flash: null,
    counter: { kind: 'mcycle' },
    instructions: 'minstret',
    machineCsrs: true,
    startWrites: [],
    loader: 'sfl',
    resetLines: 'none',
    monitor: 'litex'
  }
}

/** Variants of VexRiscv whose counters cannot be read. */
const uncounted = ['lite', 'standard']

/**
 * PicoRV32 has the counters of user mode and no other CSR. VexRiscv without readable ones counts by timer0, which is 32 bits wide and runs at
 * the core's clock; on every other core mcycle is read.
 */
function countersOf({
  core,
  timer0,
  clockHz
}: LitexSoc): Partial<Pick<BoardDescription, 'counter' | 'instructions' | 'machineCsrs' | 'startWrites'>> {
  if (core.type === 'picorv32')
    return { counter: { kind: 'cycle' }, instructions: 'instret', machineCsrs: false }
  const isUncounted = core.type === 'vexriscv' && uncounted.includes(core.variant ?? '')
  if (!isUncounted || timer0 === null || clockHz === null) return {}
  return {
    counter: {
      kind: 'timer',
      address: timer0.value,
      highAddress: null,
      counts: 'down',
      latchAddress: timer0.update_value,
      frequencyHz: clockHz
    },
    startWrites: [
      { address: timer0.en, value: 0 },
      { address: timer0.load, value: 0xffff_ffff },
      { address: timer0.reload, value: 0xffff_ffff },
      { address: timer0.en, value: 1 }
    ]
  }
}

function nameOf({ name, type, variant }: LitexCore): string | null {
  return name ?? (type === null ? null : [type, variant ?? ''].join(' ').trim())
}
