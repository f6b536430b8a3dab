import type { Bus, Device } from './bus'
import type { Uart16550 } from './uart16550'

const lineStatus = { dataReady: 0x01, transmitEmpty: 0x20 } as const
/** All peripherals of ESP32-C3 and C6. */
const peripherals = { base: 0x6000_0000, sizeBytes: 0x10_0000 } as const
const lineBytes = 0x80

/**
 * UART of ESP32-C3 and C6 (technical reference manual, "UART Controller"): the FIFO at 0x00, numbers of received and of waiting bytes
 * in the status at 0x1C. In front of the queues, and the idle detection, of the NS16550A model.
 */
export class UartEsp implements Device {
  constructor(private readonly line: Uart16550) {}

  read(offset: number): number {
    if (offset === 0x00) return this.line.read(0)
    if (offset !== 0x1c) return 0
    const status = this.line.read(5)
    const received = (status & lineStatus.dataReady) === 0 ? 0 : 1
    const waiting = (status & lineStatus.transmitEmpty) === 0 ? 128 : 0
    return (waiting << 16) | received
  }

  write(offset: number, value: number): void {
    if (offset === 0x00) this.line.write(0, value & 0xff)
  }
}

/** The monitor reads from its record which line it has before each look, and takes longer from one to the next. */
export const espPollDistance = 160

/** Bytes of one packet. */
const packetBytes = 64

/**
 * USB-Serial-JTAG of the same chips ("USB Serial/JTAG Controller"): data at 0x00; at 0x04 bit 0 sends what was written, bit 1 says that
 * more can be, bit 2 that something was received. A packet leaves when it is full or is sent; the host takes it at once.
 */
export class UsbSerialJtag implements Device {
  private readonly packet: number[] = []

  constructor(private readonly line: Uart16550) {}

  read(offset: number): number {
    if (offset === 0x00) return this.line.read(0)
    if (offset !== 0x04) return 0
    const status = this.line.read(5)
    return (
      ((status & lineStatus.dataReady) === 0 ? 0 : 4) | ((status & lineStatus.transmitEmpty) === 0 ? 0 : 2)
    )
  }

  write(offset: number, value: number): void {
    this.line.endIdle()
    if (offset === 0x00) this.packet.push(value & 0xff)
    if ((offset === 0x04 && (value & 1) !== 0) || this.packet.length === packetBytes)
      for (const byte of this.packet.splice(0)) this.line.write(0, byte)
  }
}

/** Maps both lines in front of one queue, and words that only take what is written for everything else. */
export function mapEspLines(
  bus: Bus,
  line: Uart16550,
  esp: { uartBase: number; usbBase: number; onWrite?: (address: number, value: number) => void }
): void {
  bus.map(esp.uartBase, lineBytes, new UartEsp(line))
  bus.map(esp.usbBase, lineBytes, new UsbSerialJtag(line))
  bus.map(peripherals.base, peripherals.sizeBytes, {
    read: () => 0,
    write: (offset, value) => esp.onWrite?.(peripherals.base + offset, value >>> 0)
  })
}
