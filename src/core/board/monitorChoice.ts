import type { BoardDescription } from '../../shared/contract/board/boardDescription'
import { monitorImages } from './description/monitorImages'
import { shippedBoards } from './description/shippedBoards'
import { splitIsa } from './isaParts'
import type { Range } from './loaders/ubootBoard'

/** The monitors that are built (scripts/firmware.mjs), by name of their file without extension. */
export type MonitorName =
  'monitor' | 'monitor-zbb' | 'monitor-im' | 'monitor-xbb' | 'monitor-rv64' | 'monitor-rvv'

/**
 * The monitor with the fastest kernels that a core can run, by its ISA string as `hello` or a data sheet writes it, e.g.
 * "rv32imac_zicsr_zbb" or "rv64gcv".
 */
export function monitorFor(isa: string): MonitorName {
  const { base, letters, extensions } = splitIsa(isa)
  // A later part of one letter is an extension too ("rv64imac_v").
  if (base.startsWith('rv64'))
    return letters.includes('v') || extensions.includes('v') ? 'monitor-rvv' : 'monitor-rv64'
  if (extensions.includes('xbb')) return 'monitor-xbb'
  // The usual monitor has compressed instructions in it.
  if (!letters.includes('c') && !letters.includes('g')) return 'monitor-im'
  return extensions.includes('zbb') ? 'monitor-zbb' : 'monitor'
}

/**
 * Whether a board is like QEMU's virt machine with a 64-bit core, on which the monitor for that one runs as it is built: the same
 * UART, and RAM where it is linked. What is not known (`isa` null, no banks) is taken to be so.
 */
export function isLikeVirt64({
  uart,
  isa,
  banks
}: {
  uart: BoardDescription['uart']
  isa: string | null
  banks: readonly Range[]
}): boolean {
  const usual = shippedBoards['qemu-uboot'].uart
  const { base } = monitorImages.virt64
  return (
    (['kind', 'base', 'stride', 'widthBytes'] as const).every((part) => uart[part] === usual[part]) &&
    isa?.startsWith('rv32') !== true &&
    (banks.length === 0 || banks.some(({ start, end }) => start <= base && base < end))
  )
}
