import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { readBoardInformation } from '@core/board/loaders/ubootBoard'
import { fillInDescribedMonitor } from '@core/board/describedMonitor'
import { placeSupervisorMonitor } from '@core/board/supervisorMonitor'

/** What U-Boot 2023.01 prints in QEMU. */
const bdinfo = `boot_params = 0x0000000000000000\r
DRAM bank   = 0x0000000000000000\r
-> start    = 0x0000000080000000\r
-> size     = 0x0000000008000000\r
flashstart  = 0x0000000020000000\r
relocaddr   = 0x0000000087f57000\r
lmb_dump_all:\r
 memory.cnt  = 0x1\r
 memory[0]\t[0x80000000-0x87ffffff], 0x08000000 bytes flags: 0\r
 reserved.cnt  = 0x2\r
 reserved[0]\t[0x80000000-0x8007ffff], 0x00080000 bytes flags: 0\r
 reserved[1]\t[0x86731000-0x87ffffff], 0x018cf000 bytes flags: 0\r
`
const qemu = {
  banks: [{ start: 0x8000_0000, end: 0x8800_0000 }],
  reserved: [
    { start: 0x8000_0000, end: 0x8008_0000 },
    { start: 0x8673_1000, end: 0x8800_0000 }
  ]
}

describe('what bdinfo prints', () => {
  it('is banks and reserved parts', () => {
    expect(readBoardInformation(bdinfo)).toEqual(qemu)
  })

  it('without reserved parts keeps away from where U-Boot lies', () => {
    const old = bdinfo.slice(0, bdinfo.indexOf('lmb_dump_all'))
    expect(readBoardInformation(old).reserved).toEqual([
      { start: 0x87f5_7000 - (32 << 20), end: 0x87f5_7000 + (32 << 20) }
    ])
    expect(readBoardInformation("Unknown command 'bdinfo'")).toEqual({ banks: [], reserved: [] })
  })
})

describe('the place of the monitor', () => {
  it('is 8 MiB above the start of RAM, up to what U-Boot uses', () => {
    expect(placeSupervisorMonitor(qemu)).toEqual({ start: 0x8080_0000, end: 0x8673_1000 })
  })

  it('is below 4 GiB on a board with more, and behind what is reserved there', () => {
    const large = {
      banks: [{ start: 0x4000_0000, end: 0x2_4000_0000 }],
      reserved: [
        { start: 0x4000_0000, end: 0x4000_0000 + (2 << 20) },
        { start: 0x4070_0000, end: 0x4091_2345 },
        { start: 0x2_3000_0000, end: 0x2_4000_0000 }
      ]
    }
    expect(placeSupervisorMonitor(large)).toEqual({ start: 0x4092_0000, end: 0xffff_f000 })
  })

  it('is refused where there is no room, and where no RAM is reported', () => {
    const refused = expect.objectContaining({
      code: 'input.unsupported',
      hint: expect.stringContaining('Nothing was sent') as string
    }) as Error
    const small = [{ start: 0x8000_0000, end: 0x8081_0000 }]
    expect(() => placeSupervisorMonitor({ banks: small, reserved: [] })).toThrow(refused)
    expect(() => placeSupervisorMonitor({ banks: [], reserved: [] })).toThrow(refused)
    const high = [{ start: 0x1_0000_0000, end: 0x2_0000_0000 }]
    expect(() => placeSupervisorMonitor({ banks: high, reserved: [] })).toThrow(refused)
  })
})

describe('the monitor for supervisor mode', () => {
  const built = (ending: string) =>
    readFileSync(path.resolve(`resources/firmware/build/monitor-rv64s.${ending}`))
  const image = new Uint8Array(built('bin'))
  const addresses = built('addresses').toString()
  const counters = built('counters').toString()
  const board = {
    uart: { kind: 'ns16550', base: 0x1000_0000, stride: 4, widthBytes: 4 } as const,
    clockHz: 1_250_000_000,
    counter: { kind: 'cycle' } as const,
    instructions: 'instret' as const,
    machineCsrs: true,
    startWrites: [],
    monitor: 'supervisor' as const,
    name: 'StarFive VisionFive 2 v1.3B, and a name that is much too long for it'
  }

  it('is filled in for a board and moved to its RAM', () => {
    const ram = { base: 0x4080_0000, sizeBytes: 0xfe00_0000 - 0x4080_0000 }
    const filled = fillInDescribedMonitor(image, { addresses, counters }, { ...board, ram })
    const at = Buffer.from(image).indexOf('BBBOARD1')
    const view = new DataView(filled.buffer, at)
    expect(view.getBigUint64(8, true)).toBe(0x1000_0000n)
    expect([16, 20, 24, 28, 32].map((offset) => view.getUint32(offset, true))).toEqual([
      ...[4, 4, 0xfe00_0000, 1_250_000_000, 0]
    ])
    const name = Buffer.from(filled.subarray(at + 40, at + 80)).toString('latin1')
    expect(name).toBe(`${board.name.slice(0, 39)}\0`)
    const words = (bytes: Uint8Array) => new Uint32Array(bytes.slice(0, bytes.length & ~3).buffer)
    const [before, after] = [words(image), words(filled)]
    const moved = [...before.keys()].filter(
      (index) => before[index] !== after[index] && (index * 4 < at || index * 4 >= at + 80)
    )
    expect(moved.map((index) => (index * 4).toString(16))).toEqual(addresses.trim().split('\n'))
    for (const index of moved) expect((before[index]! - after[index]!) >>> 0).toBe(0x4000_0000)
  })

  it('is not made of an image without a record', () => {
    const described = { ...board, ram: { base: 0x8080_0000, sizeBytes: 8 << 20 } }
    expect(() => fillInDescribedMonitor(new Uint8Array(4_096), { addresses: '0\n' }, described)).toThrow(
      'no record'
    )
  })
})
