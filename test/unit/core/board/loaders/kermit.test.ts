import { describe, expect, it } from 'vitest'
import { kermitPacket, kermitTransfer, quotedBytes } from '@core/board/loaders/kermit'
import { createReceiver } from '@core/board/loaders/receiver'
import { consoleUartOf } from '@core/board/loaders/ubootConsole'
import { runDialogue, type TimedPeer } from '../../../../support/dialogue'

/** The receiving end, by the manual's rules: it confirms packets with a right check, and undoes the quoting. */
function kermitReceiver(
  spoil: (count: number) => boolean
): TimedPeer & { received: number[]; types: string } {
  let packet: number[] = []
  let count = 0
  const peer = {
    received: [] as number[],
    types: '',
    hear(bytes: Uint8Array, _atMs: number, line: { send(bytes: Uint8Array): void }) {
      for (const byte of bytes) {
        if (byte === 1) packet = []
        packet.push(byte)
        if (byte !== 13) continue
        const [, length = 0, sequence = 0, type = 0] = packet
        expect(packet.length).toBe(length - 32 + 3)
        const data = packet.slice(4, -2)
        if (spoil(count++)) {
          line.send(kermitPacket('N', sequence - 32, []))
          continue
        }
        peer.types += String.fromCharCode(type)
        if (type === 'D'.charCodeAt(0))
          for (let at = 0; at < data.length; at++) {
            const plain = data[at] !== 0x23
            const next = plain ? data[at]! : data[++at]!
            peer.received.push(plain || (next & 0x7f) === 0x23 ? next : next ^ 0x40)
          }
        line.send(Buffer.concat([Buffer.from('noise'), kermitPacket('Y', sequence - 32, [])]))
      }
    }
  }
  return peer
}

describe('Kermit', () => {
  it('has packets with the check that the manual defines', () => {
    // The sum of ")", "!", "F" and "ABCDEF" is 0x29 + 0x21 + 0x46 + 0x195 = 0x225; 0x225 + 0 = 0x25 of six bits, "E".
    expect(Buffer.from(kermitPacket('F', 1, [...Buffer.from('ABCDEF')])).toString('latin1')).toBe(
      '\x01)!FABCDEFE\r'
    )
    // 0x23 + 0x20 + 0x5a = 0x9d; with its two highest bits (2) 0x9f, six bits 0x1f, "?".
    expect(Buffer.from(kermitPacket('Z', 64, [])).toString('latin1')).toBe('\x01# Z?\r')
  })

  it('quotes what is a control character in seven bits, and the quote itself', () => {
    expect(quotedBytes(Uint8Array.of(0, 65, 0x7f, 0x80, 0xff, 0x23, 0xa3), 1)).toEqual({
      data: [65, 0x23, 0x3f, 0x23, 0xc0, 0x23, 0xbf, 0x23, 0x23, 0x23, 0xa3],
      taken: 6
    })
    // 91 characters of data: 45 pairs.
    expect(quotedBytes(new Uint8Array(200), 0)).toMatchObject({ taken: 45 })
  })

  it.each([
    ['a clean line', () => false],
    ['a line on which every third packet is refused', (count: number) => count % 3 === 1]
  ])('carries every byte over %s, and no zero', (_what, spoil) => {
    const content = Uint8Array.from({ length: 2_000 }, (_, index) => (index * 7) & 0xff)
    const peer = kermitReceiver(spoil)
    const { value, error } = runDialogue(kermitTransfer(createReceiver(), 'a b.bin', content), peer)
    expect(error).toBeUndefined()
    expect(value).toMatchObject({ sentBytes: 2_000, isEndConfirmed: true })
    expect(peer.received).toEqual([...content])
    expect(peer.types).toMatch(/^SFD+ZB$/)
  })

  it('is given up where nothing is confirmed', () => {
    const { error } = runDialogue(kermitTransfer(createReceiver(), 'a', Uint8Array.of(1)), {
      hear: () => undefined
    })
    expect(error).toMatchObject({ code: 'loader.rejected' })
  })
})

describe('the console of a device tree node', () => {
  it('is known for SiFive’s UART and the NS16550A', () => {
    const node = (body: string): string => `serial@10010000 {\r\n\t${body}\r\n};\r\n`
    const sifive = node(
      'reg = <0x00000000 0x10010000 0x00000000 0x00001000>;\r\n\tcompatible = "sifive,uart0";'
    )
    expect(consoleUartOf(sifive)).toEqual({ kind: 'sifive', base: 0x1001_0000, stride: 4, widthBytes: 4 })
    const wide = node(
      'compatible = "snps,dw-apb-uart";\r\n\treg = <0xff690000 0x100>;\r\n\treg-shift = <0x2>;'
    )
    expect(consoleUartOf(wide)).toEqual({ kind: 'ns16550', base: 0xff69_0000, stride: 4, widthBytes: 1 })
    expect(consoleUartOf(node('compatible = "arm,pl011";\r\n\treg = <0x9000000 0x1000>;'))).toBeNull()
  })
})
