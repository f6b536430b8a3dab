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
  return { ...describeLitexMap(soc), name: nameOf(soc.core), isa: soc.core.isa }
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
    startWrites: [],
    loader: 'sfl',
    resetLines: 'none',
    monitor: 'litex'
  }
}

function nameOf({ name, type, variant }: LitexCore): string | null {
  return name ?? (type === null ? null : [type, variant ?? ''].join(' ').trim())
}
