import { describe, expect, it } from 'vitest'
import { Uart16550 } from '@core/sim/devices/uart16550'

/** Registers by the data sheet of National's PC16550D, section 8. */
const [data, interruptEnable, identification, lineControl, modemControl, lineStatus] = [0, 1, 2, 3, 4, 5]
const scratch = 7
const fifoControl = identification

function bench(idlePollDistance?: number) {
  const at = { instret: 0 }
  const uart = new Uart16550(() => at.instret, idlePollDistance)
  const poll = (times: number, distance: number): void => {
    for (let count = 0; count < times; count++) {
      at.instret += distance
      uart.read(lineStatus)
    }
  }
  return { uart, at, poll }
}

describe('a UART of type 16550', () => {
  it('says when a byte is there and gives bytes in their order', () => {
    const { uart } = bench()
    expect([uart.read(lineStatus), uart.read(data)]).toEqual([0x60, 0])
    expect(uart.push(Uint8Array.of(1, 2, 255))).toBe(3)
    expect(uart.read(lineStatus)).toBe(0x61)
    expect([uart.read(data), uart.read(data), uart.read(data), uart.read(lineStatus)]).toEqual([
      1, 2, 255, 0x60
    ])
  })

  it('takes as many bytes as its queue holds, also around its end', () => {
    const { uart } = bench()
    const filled = Uint8Array.from({ length: 65_536 }, (_, at) => at % 251)
    expect(uart.push(filled.subarray(0, 65_000))).toBe(65_000)
    const read = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => uart.read(data))
    expect(read(64_000)).toEqual(filled.subarray(0, 64_000))
    // 1,000 wait: 64,536 fit, most of them at the beginning of the ring.
    expect(uart.push(filled)).toBe(64_536)
    expect(uart.push(filled)).toBe(0)
    expect(read(1_000)).toEqual(filled.subarray(64_000, 65_000))
    expect(read(64_536)).toEqual(filled.subarray(0, 64_536))
    expect(uart.read(lineStatus)).toBe(0x60)
  })

  it('drops the sixteen bytes of its FIFO and keeps those that are still on the line', () => {
    const { uart } = bench()
    uart.push(Uint8Array.from({ length: 20 }, (_, at) => at))
    uart.write(fifoControl, 2)
    expect([uart.read(data), uart.read(data), uart.read(data), uart.read(data)]).toEqual([16, 17, 18, 19])
    expect(uart.read(lineStatus)).toBe(0x60)
    uart.push(Uint8Array.of(9))
    uart.write(fifoControl, 1)
    expect([uart.read(data), uart.read(identification)]).toEqual([9, 0xc1])
    uart.write(fifoControl, 0)
    expect(uart.read(identification)).toBe(1)
  })

  it('keeps divisor, modes and scratch apart from data', () => {
    const { uart } = bench()
    uart.write(lineControl, 0x83)
    uart.write(data, 0x134)
    uart.write(interruptEnable, 0x12)
    expect([uart.read(data), uart.read(interruptEnable), uart.read(lineControl)]).toEqual([0x34, 0x12, 0x83])
    uart.write(data, 0x56)
    expect([uart.read(data), uart.read(interruptEnable)]).toEqual([0x56, 0x12])
    uart.write(lineControl, 3)
    expect([uart.read(interruptEnable), uart.take().length]).toEqual([0, 0])
    uart.write(interruptEnable, 0xff)
    uart.write(modemControl, 0xff)
    uart.write(scratch, 0x5a)
    expect([1, 4, 6, 7].map((offset) => uart.read(offset))).toEqual([0x0f, 0x1f, 0xb0, 0x5a])
  })

  it('sends bytes in their order and is busy from one MiB on', () => {
    const { uart } = bench()
    for (let at = 0; at < 300; at++) uart.write(data, at)
    expect([...uart.take()]).toEqual(Array.from({ length: 300 }, (_, at) => at & 0xff))
    expect(uart.take()).toHaveLength(0)
    for (let at = 0; at < 2 ** 20 - 1; at++) uart.write(data, 7)
    expect(uart.read(lineStatus)).toBe(0x60)
    uart.write(data, 7)
    expect(uart.read(lineStatus)).toBe(0)
    // Written while it is busy: lost, as on the chip.
    uart.write(data, 8)
    const sent = uart.take()
    expect([sent.length, sent[2 ** 20 - 1], uart.read(lineStatus)]).toEqual([2 ** 20, 7, 0x60])
  })

  it('interrupts for a byte that came and for room to send, the byte first', () => {
    const { uart } = bench()
    uart.write(data, 1)
    expect([uart.interruptPending, uart.read(identification)]).toEqual([false, 1])
    uart.write(interruptEnable, 2)
    expect(uart.interruptPending).toBe(true)
    uart.write(interruptEnable, 3)
    uart.push(Uint8Array.of(5))
    expect([uart.read(identification), uart.read(data)]).toEqual([4, 5])
    // Read once, it is over until the next byte is sent or it is enabled anew.
    expect([uart.read(identification), uart.interruptPending, uart.read(identification)]).toEqual([
      2,
      false,
      1
    ])
    uart.write(interruptEnable, 2)
    expect(uart.interruptPending).toBe(false)
    uart.write(interruptEnable, 0)
    uart.write(interruptEnable, 2)
    expect(uart.interruptPending).toBe(true)
    uart.write(interruptEnable, 1)
    expect(uart.interruptPending).toBe(false)
    uart.push(Uint8Array.of(5))
    expect(uart.interruptPending).toBe(true)
  })

  it('counts as waiting after 64 polls in a row of an empty line, each soon after the last', () => {
    const { uart, poll } = bench()
    poll(63, 64)
    expect(uart.takeIdle()).toBe(false)
    poll(1, 64)
    expect([uart.takeIdle(), uart.takeIdle()]).toEqual([true, false])
    poll(63, 64)
    poll(1, 65)
    expect(uart.takeIdle()).toBe(false)
    poll(62, 1)
    expect(uart.takeIdle()).toBe(false)
    poll(1, 1)
    expect(uart.takeIdle()).toBe(true)
    const own = bench(200)
    own.poll(64, 200)
    expect(own.uart.takeIdle()).toBe(true)
  })

  it('counts as waiting no more when the guest does something else', () => {
    const doings: ((uart: Uart16550) => void)[] = [
      (uart) => uart.endIdle(),
      (uart) => void uart.read(scratch),
      (uart) => uart.write(scratch, 1),
      (uart) => {
        uart.push(Uint8Array.of(1))
        uart.read(lineStatus)
        uart.read(data)
      }
    ]
    for (const doing of doings) {
      const { uart, poll } = bench()
      poll(63, 1)
      doing(uart)
      poll(1, 1)
      expect(uart.takeIdle()).toBe(false)
    }
  })

  it('is as at power on after a reset', () => {
    const { uart, poll } = bench()
    uart.push(Uint8Array.of(1, 2))
    uart.write(data, 3)
    uart.write(interruptEnable, 3)
    uart.write(fifoControl, 1)
    uart.write(modemControl, 1)
    uart.write(scratch, 1)
    uart.write(lineControl, 3)
    uart.reset()
    poll(1, 1)
    expect([uart.read(data), uart.read(1), uart.read(2), uart.read(3), uart.read(4), uart.read(7)]).toEqual([
      ...[0, 0, 1, 0, 0, 0]
    ])
    expect([uart.read(lineStatus), uart.take().length, uart.interruptPending]).toEqual([0x60, 0, false])
  })
})
