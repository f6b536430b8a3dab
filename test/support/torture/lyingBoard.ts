import { readFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { encodeFrame, FrameDecoder } from '@core/board/frame'
import type { Random } from '@core/math/random'
import { createMachine } from '@core/sim/createMachine'

export const lies = [
  'none',
  'false words in a reply',
  'replies repeated',
  'replies of another command',
  'the port closes in mid-write',
  'bytes of another baud rate',
  'endless console text'
] as const
export type Lie = (typeof lies)[number]

/**
 * The shipped monitor on the simulator behind a TCP port, with a line that lies: frames stay valid (their checksums are
 * made again), what they say does not. The first replies are true, so that some boards are believed.
 */
export class LyingBoard {
  private readonly server: Server
  private socket: Socket | undefined

  constructor(
    private readonly lie: Lie,
    private readonly random: Random
  ) {
    this.server = createServer((socket) => this.attach(socket))
  }

  /** Starts listening; returns the board's id. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve))
    return `tcp://127.0.0.1:${(this.server.address() as { port: number }).port}`
  }

  async close(): Promise<void> {
    this.socket?.destroy()
    await new Promise((resolve) => this.server.close(resolve))
  }

  private attach(socket: Socket): void {
    this.socket = socket
    socket.on('error', () => undefined)
    const machine = createMachine({ board: 'high', cycleModel: false })
    machine.loadElf(readFileSync('resources/firmware/build/monitor.elf'))
    machine.reset()
    const decoder = new FrameDecoder()
    let last: Uint8Array = new Uint8Array(0)
    let truths = this.random.integer(6)
    const write = (bytes: Uint8Array): void => void (socket.destroyed || socket.write(bytes))
    const pump = (): void => {
      for (let budget = 40; budget > 0; budget--) {
        const { reason } = machine.run(5_000_000)
        if (reason === 'reset') machine.reset()
        else if (reason === 'idle') break
      }
      for (const piece of decoder.push(machine.uartTake())) {
        if (piece.kind === 'text') {
          write(piece.bytes)
          continue
        }
        const { seq, command, payload } = piece.frame
        const frame = encodeFrame(seq, command, payload)
        if (truths-- > 0 || this.lie === 'none') write(frame)
        else this.tell(seq, command, payload, frame, last, write)
        last = frame
      }
    }
    const chatter = setInterval(() => {
      if (this.lie === 'endless console text') write(Buffer.alloc(8192, 'all work and no play\r\n'))
    }, 5)
    socket.on('close', () => clearInterval(chatter))
    socket.on('data', (chunk: Buffer) => {
      let rest: Uint8Array = chunk
      while (rest.length > 0) {
        rest = rest.subarray(machine.uartPush(rest))
        pump()
      }
    })
    pump()
  }

  private tell(
    seq: number,
    command: number,
    payload: Uint8Array,
    frame: Uint8Array,
    last: Uint8Array,
    write: (bytes: Uint8Array) => void
  ): void {
    const { random } = this
    switch (this.lie) {
      case 'false words in a reply': {
        const lied = payload.slice()
        for (let times = 1 + random.integer(4); times > 0 && lied.length > 0; times--)
          lied[random.integer(lied.length)] = random.integer(256)
        return write(encodeFrame(seq, command, lied))
      }
      case 'replies repeated':
        write(frame)
        return write(frame)
      case 'replies of another command':
        return write(last.length > 0 ? last : frame)
      case 'the port closes in mid-write':
        write(frame.subarray(0, random.integer(frame.length)))
        return void this.socket?.destroy()
      case 'bytes of another baud rate':
        return write(frame.map((byte) => (byte << 1) ^ random.integer(4)))
      default:
        write(frame)
    }
  }
}
