import type { Device } from './bus'

/** Bytes the host may queue ahead of the 16-byte FIFO; uartPush accepts no more, so nothing is ever lost. */
const hostQueueBytes = 64 * 1024
/** Bytes the guest may send before the host takes them; then LSR shows the transmitter busy. */
const transmitBytes = 1024 * 1024
const fifoDepth = 16

/** Status polls in a row, each soon after the last, that count as waiting for a byte. */
const idlePolls = 64
/** A poll later than this many instructions after the previous one is not part of a waiting loop. */
const usualPollDistance = 64

const lineStatus = { dataReady: 0x01, transmitEmpty: 0x60 } as const

/**
 * NS16550A, register stride 1 (National Semiconductor PC16550D data sheet, section 8). Both directions are instant:
 * no baud rate is modelled, and the divisor latch only keeps what was written. Received bytes wait in a host
 * queue behind the 16-byte FIFO, which is the back pressure that a real line lacks.
 */
export class Uart16550 implements Device {
  private readonly queue = new Uint8Array(hostQueueBytes)
  private queueHead = 0
  private queueLength = 0
  private fifoLength = 0
  private sent = new Uint8Array(256)
  private sentLength = 0

  private interruptEnable = 0
  private lineControl = 0
  private modemControl = 0
  private scratch = 0
  private divisor = 0
  private fifoEnabled = false
  private transmitInterrupt = false

  private polls = 0
  private lastPollInstret = 0

  /**
   * @param instret measures how far apart two polls are
   * @param idlePollDistance the most instructions from one poll of a waiting loop to the next
   */
  constructor(
    private readonly instret: () => number,
    private readonly idlePollDistance = usualPollDistance
  ) {}

  /** True when the guest has been polling an empty receiver and doing nothing else; reading this clears it. */
  takeIdle(): boolean {
    if (this.polls < idlePolls) return false
    this.polls = 0
    return true
  }

  /** The guest did something that a waiting loop does not do. */
  endIdle(): void {
    this.polls = 0
  }

  get interruptPending(): boolean {
    const receive = (this.interruptEnable & 1) !== 0 && this.fifoLength > 0
    return receive || ((this.interruptEnable & 2) !== 0 && this.transmitInterrupt)
  }

  reset(): void {
    this.queueHead = this.queueLength = this.fifoLength = this.sentLength = 0
    this.interruptEnable = this.lineControl = this.modemControl = this.scratch = this.divisor = 0
    this.fifoEnabled = this.transmitInterrupt = false
    this.polls = 0
  }

  push(bytes: Uint8Array): number {
    const accepted = Math.min(bytes.length, hostQueueBytes - this.queueLength)
    const tail = (this.queueHead + this.queueLength) % hostQueueBytes
    const first = Math.min(accepted, hostQueueBytes - tail)
    this.queue.set(bytes.subarray(0, first), tail)
    this.queue.set(bytes.subarray(first, accepted), 0)
    this.queueLength += accepted
    this.fillFifo()
    return accepted
  }

  take(): Uint8Array {
    const bytes = this.sent.slice(0, this.sentLength)
    this.sentLength = 0
    return bytes
  }

  read(offset: number): number {
    if (offset === 5) return this.readLineStatus()
    this.polls = 0
    const divisorLatch = (this.lineControl & 0x80) !== 0
    switch (offset) {
      case 0:
        return divisorLatch ? this.divisor & 0xff : this.receive()
      case 1:
        return divisorLatch ? this.divisor >> 8 : this.interruptEnable
      case 2:
        return this.identifyInterrupt()
      case 3:
        return this.lineControl
      case 4:
        return this.modemControl
      case 6:
        return 0xb0 // CTS, DSR and DCD asserted: a cable that is always connected
      default:
        return this.scratch
    }
  }

  write(offset: number, value: number): void {
    const byte = value & 0xff
    const divisorLatch = (this.lineControl & 0x80) !== 0
    this.polls = 0
    switch (offset) {
      case 0:
        if (divisorLatch) this.divisor = (this.divisor & 0xff00) | byte
        else this.transmit(byte)
        return
      case 1:
        if (divisorLatch) this.divisor = (this.divisor & 0xff) | (byte << 8)
        else {
          this.transmitInterrupt ||= (byte & 2) !== 0 && (this.interruptEnable & 2) === 0
          this.interruptEnable = byte & 0x0f
        }
        return
      case 2:
        this.fifoEnabled = (byte & 1) !== 0
        // Bit 1 clears the receive FIFO; what the host has queued behind it is still on the line.
        if ((byte & 2) !== 0) this.dropFifo()
        return
      case 3:
        this.lineControl = byte
        return
      case 4:
        this.modemControl = byte & 0x1f
        return
      case 7:
        this.scratch = byte
        return
    }
  }

  private readLineStatus(): number {
    const instret = this.instret()
    if (this.fifoLength > 0) this.polls = 0
    else this.polls = instret - this.lastPollInstret <= this.idlePollDistance ? this.polls + 1 : 1
    this.lastPollInstret = instret
    return (
      (this.fifoLength > 0 ? lineStatus.dataReady : 0) |
      (this.sentLength < transmitBytes ? lineStatus.transmitEmpty : 0)
    )
  }

  private identifyInterrupt(): number {
    const fifoBits = this.fifoEnabled ? 0xc0 : 0
    if ((this.interruptEnable & 1) !== 0 && this.fifoLength > 0) return fifoBits | 0x04
    if ((this.interruptEnable & 2) !== 0 && this.transmitInterrupt) {
      this.transmitInterrupt = false
      return fifoBits | 0x02
    }
    return fifoBits | 0x01
  }

  private receive(): number {
    if (this.fifoLength === 0) return 0
    const byte = this.queue[this.queueHead]
    this.queueHead = (this.queueHead + 1) % hostQueueBytes
    this.queueLength--
    this.fifoLength--
    this.fillFifo()
    return byte
  }

  /** The FIFO is the first bytes of the queue; how many of them the guest can see is fifoLength. */
  private fillFifo(): void {
    this.fifoLength = Math.min(fifoDepth, this.queueLength)
  }

  private dropFifo(): void {
    this.queueHead = (this.queueHead + this.fifoLength) % hostQueueBytes
    this.queueLength -= this.fifoLength
    this.fillFifo()
  }

  private transmit(byte: number): void {
    this.transmitInterrupt = true
    if (this.sentLength >= transmitBytes) return // written while LSR said busy: lost, as on the chip
    if (this.sentLength === this.sent.length) {
      const grown = new Uint8Array(this.sent.length * 2)
      grown.set(this.sent)
      this.sent = grown
    }
    this.sent[this.sentLength++] = byte
  }
}
