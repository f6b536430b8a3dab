import { describe, expect, it } from 'vitest'
import { checkDescription, ramEnd } from '@core/board/description/checkDescription'
import { describeDeviceTree } from '@core/board/description/describeDeviceTree'
import { parseDeviceTreeText } from '@core/board/description/deviceTreeText'
import { readDescription } from '@core/board/description/readDescription'
import { shippedBoards } from '@core/board/description/shippedBoards'
import { blobOf, visionFive } from './trees'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const read = (text: string) => readDescription(bytesOf(text))
const refusal = (code: string, message: string): Error =>
  expect.objectContaining({
    code,
    message: expect.stringContaining(message) as string,
    hint: expect.stringMatching(/.{12}/) as string
  }) as Error

/** What the tree of a VisionFive 2 says, by hand. */
const described = {
  name: 'StarFive VisionFive V2',
  isa: 'rv64imac',
  clockHz: 1_500_000_000,
  uart: { kind: 'ns16550', base: 0x1000_0000, stride: 4, widthBytes: 4 },
  // 8 MiB above the start, behind the reserved 4 MiB that follow; up to the end of 32-bit addresses.
  ram: { base: 0x40c0_0000, sizeBytes: 0xffff_f000 - 0x40c0_0000 },
  flash: null,
  counter: { kind: 'cycle' },
  instructions: 'instret',
  machineCsrs: true,
  startWrites: [],
  loader: 'uboot',
  resetLines: 'none',
  monitor: 'supervisor'
}

describe('a board described by its device tree', () => {
  it('is the same from the text of fdt print and from the blob', () => {
    expect(read(visionFive)).toEqual(described)
    expect(readDescription(blobOf(parseDeviceTreeText(visionFive)))).toEqual(described)
    const echoed = `StarFive # fdt print /\r\n${visionFive.replaceAll('\n', '\r\n')}StarFive # `
    expect(read(echoed)).toEqual(described)
  })

  it('takes a UART behind a bus with other addresses, and by an alias', () => {
    const behind = visionFive
      .replace(/ranges;(?=\s+serial)/, 'ranges = <0x0 0x0 0x1 0x20000000 0x0 0x40000000>;')
      .replace('"/soc/serial@10000000:115200"', '"serial0"')
    expect(describeDeviceTree(parseDeviceTreeText(behind)).uart.base).toBe(0x1_3000_0000)
  })

  it('is for machine mode where the core has 32 bits, for SiFive’s UART too', () => {
    const narrow = visionFive.replaceAll('rv64imac', 'rv32imac').replace('snps,dw-apb-uart', 'sifive,uart0')
    expect(read(narrow)).toMatchObject({
      uart: { kind: 'sifive', base: 0x1000_0000, stride: 4, widthBytes: 4 },
      counter: { kind: 'mcycle' },
      loader: 'none',
      monitor: 'machine'
    })
  })

  it.each([
    ['no console', visionFive.replace(/stdout-path.*/, ''), 'input.invalid', 'no console'],
    [
      'a console that is not there',
      visionFive.replace('serial@10000000:', 'serial@1:'),
      'input.invalid',
      'no node'
    ],
    [
      'a UART of another kind',
      visionFive.replace('snps,dw-apb-uart', 'arm,pl011'),
      'input.unsupported',
      'arm,pl011'
    ],
    [
      'a UART named like a property of every object',
      visionFive.replace('snps,dw-apb-uart', 'constructor'),
      'input.unsupported',
      'kind constructor'
    ],
    [
      'no RAM',
      visionFive.replace(/memory@/g, 'store@').replace('"memory"', '"x"'),
      'input.unsupported',
      'No RAM'
    ],
    ['a cut text', visionFive.slice(0, 700), 'input.invalid', 'ends in the middle'],
    ['a cell that is no number', visionFive.replace('<0x59682f00>', '<many>'), 'input.invalid', '"many"'],
    ['nodes without end', `/ {${'a {'.repeat(100)}`, 'input.invalid', 'too deep']
  ])('refuses %s', (_what, text, code, message) => {
    expect(() => read(text)).toThrow(refusal(code, message))
  })

  it('refuses every cut blob, and one that is damaged, by name', () => {
    const blob = blobOf(parseDeviceTreeText(visionFive))
    for (let length = 4; length < blob.length; length += 7)
      expect(() => readDescription(blob.subarray(0, length))).toThrow(
        refusal('input.invalid', 'no device tree')
      )
    for (let at = 4; at < blob.length; at += 5) {
      const damaged = blob.slice()
      damaged[at] ^= 0xa5
      // Either a tree that says something else, or a refusal by name; never another error.
      try {
        readDescription(damaged)
      } catch (error) {
        expect(error).toHaveProperty('hint')
      }
    }
  })
})

describe('a board description as JSON', () => {
  it('comes back as it was written, with what may be left out', () => {
    for (const board of Object.values(shippedBoards)) expect(read(JSON.stringify(board))).toEqual(board)
    const few = { uart: { kind: 'litex', base: 0xf000_1000 }, ram: { base: 0x4000_0000, sizeBytes: 1 << 20 } }
    expect(read(JSON.stringify({ ...few, loader: 'sfl', monitor: 'litex' }))).toMatchObject({
      counter: { kind: 'mcycle' },
      instructions: 'minstret',
      clockHz: null
    })
  })

  it.each([
    ['text that is cut', '{"monitor": "litex", ', 'input.invalid', 'cannot be read'],
    ['a field it does not know', { speed: 5 }, 'input.invalid', 'speed'],
    ['a clock of zero', { clockHz: 0 }, 'input.invalid', 'clockHz'],
    ['a negative address', { ram: { base: -4096, sizeBytes: 1 << 20 } }, 'input.invalid', 'ram.base'],
    ['no number', { ram: { base: NaN, sizeBytes: 1 << 20 } }, 'input.invalid', 'ram.base'],
    ['a UART in RAM', { uart: { kind: 'ns16550', base: 0x8000_1000 } }, 'input.invalid', 'lies inside RAM'],
    [
      'RAM beyond 32 bits',
      { ram: { base: 2 ** 33, sizeBytes: 1 << 20 } },
      'input.invalid',
      'beyond the 32-bit'
    ],
    ['another UART than the monitor drives', { monitor: 'litex' }, 'input.invalid', 'kind litex'],
    ['a core of another width', { monitor: 'supervisor', isa: 'rv32im' }, 'input.invalid', '64-bit program'],
    [
      'a CSR that does not exist',
      { counter: { kind: 'csr', number: 4096 } },
      'input.invalid',
      'counter.number'
    ],
    ['a timer of no frequency', { counter: { kind: 'timer', address: 4 } }, 'input.invalid', 'frequencyHz']
  ])('refuses %s', (_what, change, code, message) => {
    const text = typeof change === 'string' ? change : JSON.stringify({ ...shippedBoards.qemu, ...change })
    expect(() => read(text)).toThrow(refusal(code, message))
  })

  it('refuses what a core without CSRs of machine mode cannot run or count by', () => {
    const pico = {
      ...described,
      isa: 'rv32im',
      ram: { base: 0x4000_0000, sizeBytes: 1 << 20 },
      monitor: 'machine',
      machineCsrs: false
    }
    expect(checkDescription(pico)).toMatchObject({ machineCsrs: false, counter: { kind: 'cycle' } })
    const wrong = refusal('input.invalid', 'CSRs of machine mode')
    for (const change of [
      { monitor: 'supervisor', isa: 'rv64imac' },
      { isa: 'rv64imac' },
      { isa: null },
      { counter: { kind: 'mcycle' } },
      { instructions: 'minstret' }
    ])
      expect(() => checkDescription({ ...pico, ...change })).toThrow(wrong)
  })

  it('keeps a name in any script', () => {
    expect(read(JSON.stringify({ ...shippedBoards.qemu, name: 'Plätte 100 % 板' })).name).toBe(
      'Plätte 100 % 板'
    )
  })

  it('refuses an empty file and noise', () => {
    for (const bytes of [
      new Uint8Array(0),
      Uint8Array.from({ length: 999 }, (_, index) => (index * 77) & 255)
    ])
      expect(() => readDescription(bytes)).toThrow(refusal('input.invalid', ''))
  })

  it('ends RAM at the last page below 4 GiB', () => {
    const { ram } = checkDescription({
      ...shippedBoards.qemu,
      ram: { base: 0x4000_0000, sizeBytes: 8 * 2 ** 30 },
      uart: { kind: 'ns16550', base: 0x1000_0000 }
    })
    expect(ramEnd(ram)).toBe(0xffff_f000)
  })
})
