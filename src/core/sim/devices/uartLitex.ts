import type { Device } from './bus'
import type { Uart16550 } from './uart16550'

/** Byte offsets of the 32-bit CSRs (litex/soc/cores/uart.py). */
const register = {
  rxtx: 0x00,
  txfull: 0x04,
  rxempty: 0x08,
  eventStatus: 0x0c,
  eventPending: 0x10,
  eventEnable: 0x14,
  txempty: 0x18,
  rxfull: 0x1c
} as const
/** Bytes of address space that the registers take. */
export const uartLitexBytes = 0x20

const event = { tx: 1, rx: 2 } as const
const lineStatus = { dataReady: 0x01, transmitEmpty: 0x20 } as const

/**
 * LiteX's UART in front of the queues (and the idle detection) of the NS16550A model. The head of the receive FIFO stands
 * in rxtx until the guest clears the RX event; txfull, rxempty and the events are levels.
 */
export class UartLitex implements Device {
  /** Current head of the receive FIFO. */
  private head: number | null = null
  private enabled = 0

  constructor(private readonly line: Uart16550) {}

  reset(): void {
    this.head = null
    this.enabled = 0
  }

  read(offset: number): number {
    switch (offset) {
      case register.rxtx:
        if (this.head === null && this.hasByte()) this.head = this.line.read(0)
        return this.head ?? 0
      case register.txfull:
        return this.canSend() ? 0 : 1
      case register.rxempty:
        return this.head !== null || this.hasByte() ? 0 : 1
      case register.eventStatus:
      case register.eventPending:
        return (this.canSend() ? event.tx : 0) | (this.head !== null || this.hasByte() ? event.rx : 0)
      case register.eventEnable:
        return this.enabled
      case register.txempty:
        return 1
      default:
        return 0
    }
  }

  write(offset: number, value: number): void {
    if (offset === register.rxtx) this.line.write(0, value & 0xff)
    else if (offset === register.eventEnable) this.enabled = value & 3
    else if (offset === register.eventPending && (value & event.rx) !== 0) {
      // Clearing the event takes the head away, whether it was read or not.
      if (this.head !== null) this.head = null
      else if (this.hasByte()) this.line.read(0)
    }
  }

  private hasByte(): boolean {
    return (this.line.read(5) & lineStatus.dataReady) !== 0
  }

  private canSend(): boolean {
    return (this.line.read(5) & lineStatus.transmitEmpty) !== 0
  }
}
