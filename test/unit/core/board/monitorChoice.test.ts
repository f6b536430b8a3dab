import { describe, expect, it } from 'vitest'
import { describedImageName } from '@core/board/describedMonitor'
import { isLikeVirt64, monitorFor } from '@core/board/monitorChoice'

describe('the monitor for a core', () => {
  it.each([
    ['rv32im', 'monitor-im'],
    ['rv32im_zicsr_xbb', 'monitor-xbb'],
    ['rv32imac_zicsr', 'monitor'],
    ['rv32imac_zicsr_zbb', 'monitor-zbb'],
    ['RV32IMAC_Zba_Zbb', 'monitor-zbb'],
    ['rv64imac_zicsr_zbb', 'monitor-rv64'],
    ['rv64imafdcv_zicsr_zbb', 'monitor-rvv'],
    ['rv64imac_v', 'monitor-rvv'],
    // zve32x is not V, and the v of rv is not an extension.
    ['rv64imac_zve32x', 'monitor-rv64']
  ])('%s: %s', (isa, name) => {
    expect(monitorFor(isa)).toBe(name)
  })
})

describe('a board like QEMU’s virt machine with a 64-bit core', () => {
  const uart = { kind: 'ns16550', base: 0x1000_0000, stride: 1, widthBytes: 1 } as const
  const virt = { uart, isa: 'rv64imac', banks: [{ start: 0x8000_0000, end: 0x8800_0000 }] }

  it('has its UART, and RAM at 0x80800000', () => {
    expect(isLikeVirt64(virt)).toBe(true)
    expect(isLikeVirt64({ ...virt, isa: null, banks: [] })).toBe(true)
    const low = { start: 0x4000_0000, end: 0x8000_0000 }
    expect(isLikeVirt64({ ...virt, banks: [low, ...virt.banks] })).toBe(true)
    expect(isLikeVirt64({ ...virt, banks: [low] })).toBe(false)
  })

  it.each([
    ['a 32-bit core', { isa: 'rv32imac' }],
    ['a UART elsewhere', { uart: { ...uart, base: 0x1001_0000 } }],
    ['registers four bytes apart', { uart: { ...uart, stride: 4 } }],
    ['a UART of another kind', { uart: { ...uart, kind: 'sifive' as const } }],
    ['RAM that ends before the monitor', { banks: [{ start: 0x8000_0000, end: 0x8080_0000 }] }]
  ])('has not %s', (_what, part) => {
    expect(isLikeVirt64({ ...virt, ...part })).toBe(false)
  })

  it('takes the monitor of its own width where a description is made for machine mode', () => {
    expect(describedImageName({ monitor: 'machine', isa: 'rv32imac' })).toBe('monitor-rv32m')
    expect(describedImageName({ monitor: 'machine', isa: 'rv64imac' })).toBe('monitor-rv64m')
    expect(describedImageName({ monitor: 'machine', isa: null })).toBe('monitor-rv64m')
    expect(describedImageName({ monitor: 'litex', isa: 'rv64imac' })).toBe('monitor-litex64')
    expect(describedImageName({ monitor: 'litex', isa: 'rv32im' })).toBe('monitor-litex')
    expect(describedImageName({ monitor: 'litex', isa: null })).toBe('monitor-litex')
    expect(describedImageName({ monitor: 'litex', isa: 'rv32im_xbbcfu' })).toBe('monitor-litex-cfu')
  })
})
