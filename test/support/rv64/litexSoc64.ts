import type { BoardDescription } from '@shared/contract/board/boardDescription'
import type { Link } from '@main/board/links/link'
import { createMemoryLink } from '../memoryLink'
import { type Rv64Bus, Rv64Core, Rv64Trap } from './rv64Core'

/** Registers of LiteX's UART: offsets of its CSRs. */
const uartRegister = { rxtx: 0x00, txfull: 0x04, rxempty: 0x08, pending: 0x10 } as const
const receiveEvent = 2n
/** Looks at an empty receiver with nothing else in between, after which the program waits. */
const idleLooks = 64

/** A 64-bit LiteX SoC: RAM, CSR UART, and a core that starts what is in RAM, as after SFL's jump. */
export class LitexSoc64 implements Rv64Bus {
  readonly ram: Uint8Array
  readonly core: Rv64Core
  private readonly view: DataView
  private readonly received: number[] = []
  private sent: number[] = []
  private looks = 0

  constructor(private readonly board: Pick<BoardDescription, 'uart' | 'ram'>) {
    this.ram = new Uint8Array(board.ram.sizeBytes)
    this.view = new DataView(this.ram.buffer)
    this.core = new Rv64Core(this, BigInt(board.ram.base))
  }

  load(address: bigint, bytes: 1 | 2 | 4 | 8): bigint {
    const at = this.offsetOf(address, bytes)
    if (at === null) return this.readUart(address)
    if (bytes === 8) return this.view.getBigUint64(at, true)
    if (bytes === 4) return BigInt(this.view.getUint32(at, true))
    return BigInt(bytes === 2 ? this.view.getUint16(at, true) : this.view.getUint8(at))
  }

  store(address: bigint, bytes: 1 | 2 | 4 | 8, value: bigint): void {
    const at = this.offsetOf(address, bytes)
    if (at === null) return this.writeUart(address, value)
    if (bytes === 8) this.view.setBigInt64(at, value, true)
    else if (bytes === 4) this.view.setInt32(at, Number(BigInt.asIntN(32, value)), true)
    else if (bytes === 2) this.view.setInt16(at, Number(BigInt.asIntN(16, value)), true)
    else this.view.setInt8(at, Number(BigInt.asIntN(8, value)))
  }

  /** Runs until the program waits for a byte; returns what it sent. */
  run(bytes: Uint8Array, mostInstructions = 50_000_000): Uint8Array {
    this.received.push(...bytes)
    this.looks = 0
    for (let done = 0; this.looks < idleLooks; done++) {
      if (done === mostInstructions) throw new Error(`it does not wait after ${done} instructions`)
      this.core.step()
    }
    const said = Uint8Array.from(this.sent)
    this.sent = []
    return said
  }

  private offsetOf(address: bigint, bytes: number): number | null {
    const at = Number(address) - this.board.ram.base
    return at >= 0 && at + bytes <= this.ram.length ? at : null
  }

  private registerOf(address: bigint, cause: number): number {
    const register = Number(address) - this.board.uart.base
    if (register >= 0 && register < 0x20) return register
    throw new Rv64Trap(cause, address)
  }

  private readUart(address: bigint): bigint {
    const register = this.registerOf(address, 5)
    if (register === uartRegister.rxtx) return BigInt(this.received[0] ?? 0)
    if (register !== uartRegister.rxempty) return 0n
    this.looks = this.received.length === 0 ? this.looks + 1 : 0
    return this.received.length === 0 ? 1n : 0n
  }

  private writeUart(address: bigint, value: bigint): void {
    const register = this.registerOf(address, 7)
    if (register === uartRegister.rxtx) this.sent.push(Number(value & 0xffn))
    if (register === uartRegister.rxtx) this.looks = 0
    // The head of the FIFO stays until its event is cleared.
    if (register === uartRegister.pending && (value & receiveEvent) !== 0n) this.received.shift()
  }
}

/** The SoC behind a link; it works when bytes come. */
export function linkTo(soc: LitexSoc64): Link {
  const { link, peer } = createMemoryLink('litex64')
  peer.onBytes = (bytes) => {
    const said = soc.run(bytes)
    queueMicrotask(() => peer.send(said))
  }
  return link
}
