import { describe, expect, it } from 'vitest'
import { fifoControlOf } from '@core/board/loaders/ubootConsole'

const node = (properties: string): string => `serial@10000000 {\r\n\t${properties}\r\n};`

describe('the UART behind U-Boot’s console', () => {
  it('is read from its node: 64-bit and 32-bit cells, register distance and width', () => {
    const qemu = node('reg = <0x00000000 0x10000000 0x00000000 0x00000100>;\r\n\tcompatible = "ns16550a";')
    expect(fifoControlOf(qemu)).toEqual({ address: 0x1000_0002, width: 'b', base: 0x1000_0000, stride: 1 })
    const spaced = node(
      'compatible = "snps,dw-apb-uart", "ns16550a";\r\n\treg = <0xff690000 0x100>;\r\n\treg-shift = <0x00000002>;\r\n\treg-io-width = <0x00000004>;'
    )
    expect(fifoControlOf(spaced)).toEqual({ address: 0xff69_0008, width: 'l', base: 0xff69_0000, stride: 4 })
    const high = node('reg = <0x00000001 0x00000000 0x00000000 0x00000100>;\r\n\tcompatible = "ns16550a";')
    expect(fifoControlOf(high)?.address).toBe(0x1_0000_0002)
  })

  it('is left alone when it is another one, or when the answer is no node', () => {
    expect(fifoControlOf(node('reg = <0x10000000 0x100>;\r\n\tcompatible = "sifive,uart0";'))).toBeNull()
    expect(fifoControlOf(node('compatible = "ns16550a";'))).toBeNull()
    expect(fifoControlOf('libfdt fdt_path_offset() returned FDT_ERR_BADPATH')).toBeNull()
    expect(fifoControlOf("Unknown command 'fdt' - try 'help'")).toBeNull()
  })
})
