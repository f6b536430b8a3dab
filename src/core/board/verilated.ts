import type { BoardInfo } from './boardInfo'

/** What `mimpid` reads on the core of resources/rtl and on its virtual twins. */
export const rtlImplementationId = 5

/** Whether it is the core of resources/rtl under Verilator: there `marchid` is 1, and 0 on a chip (resources/rtl/csr.v). */
export function isVerilated({
  vendorId,
  architectureId,
  implementationId
}: Pick<BoardInfo, 'vendorId' | 'architectureId' | 'implementationId'>): boolean {
  return vendorId === 0xbb && implementationId === rtlImplementationId && architectureId === 1
}
