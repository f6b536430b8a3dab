import type { Device } from './bus'
import type { Uart16550 } from './uart16550'

const lineStatus = { dataReady: 0x01, transmitEmpty: 0x20 } as const
const register = { status: 0x00, data: 0x04 } as const
/** Of the status: received, sent, can send. */
const status = { received: 1 << 5, sent: 1 << 6, canSend: 1 << 7 } as const
/** Bits of the first control word: on, sender, receiver. */
const on = { usart: 1 << 13, sender: 1 << 3, receiver: 1 << 2 } as const
const control = 0x0c

/** Bytes of the USART's registers. */
export const usartBytes = 0x400

/**
 * USART of GD32VF103 and CH32V (chapters "USART" of their manuals; registers as of STM32F1), in front of the queues, and the idle
 * detection, of the NS16550A model. Nothing is received or sent before the control word turns it on.
 */
export class UartUsart implements Device {
  private readonly words = new Map<number, number>()

  constructor(private readonly line: Uart16550) {}

  reset(): void {
    this.words.clear()
  }

  read(offset: number): number {
    if (offset === register.data) return this.has(on.receiver) ? this.line.read(0) : 0
    if (offset !== register.status) return this.words.get(offset) ?? 0
    const found = this.line.read(5)
    const received = this.has(on.receiver) && (found & lineStatus.dataReady) !== 0 ? status.received : 0
    return received | ((found & lineStatus.transmitEmpty) === 0 ? 0 : status.sent | status.canSend)
  }

  write(offset: number, value: number): void {
    if (offset === register.data && this.has(on.sender)) this.line.write(0, value & 0xff)
    else if (offset !== register.status) this.words.set(offset, value >>> 0)
  }

  private has(bit: number): boolean {
    const wanted = on.usart | bit
    return ((this.words.get(control) ?? 0) & wanted) === wanted
  }
}
