import { describe, expect, it } from 'vitest'
import type { BoardInfo } from '@core/board/boardInfo'
import { manualEntry } from '@main/board/boardCatalogue'
import { identifyBoard } from '@main/board/boardView'

const info = (part: Partial<BoardInfo>): BoardInfo =>
  ({ coreName: 'bitbench-rtl', counters: { cycles: true, instructions: true }, ...part }) as BoardInfo

describe('what stands behind an address', () => {
  const originOf = (part: Partial<BoardInfo>): string =>
    identifyBoard(manualEntry('tcp://lab:7000'), info(part)).origin
  const rtl = { vendorId: 0xbb, implementationId: 5 }

  it('is simulated where its core reports that it runs under Verilator or QEMU', () => {
    expect(originOf({ ...rtl, architectureId: 1 })).toBe('simulated')
    expect(originOf({ coreName: 'qemu-virt', vendorId: 0 })).toBe('simulated')
  })

  it('is measured on a chip, be it the same core or one of others', () => {
    expect(originOf({ ...rtl, architectureId: 0 })).toBe('measured')
    expect(originOf({ coreName: 'core-00000489:80000007', vendorId: 0x489, architectureId: 1 })).toBe(
      'measured'
    )
  })
})
