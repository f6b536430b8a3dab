import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { JtagTap } from './tap'

/** Bytes of one shift that the server says it takes. */
const maxShiftBytes = 2_048

/**
 * Serves a TAP as a Xilinx Virtual Cable (protocol 1.0, Xilinx XAPP1251): `getinfo:`, `settck:` and `shift:` over TCP.
 */
export async function serveXvc(tap: JtagTap): Promise<{ tcpPort: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    let waiting = Buffer.alloc(0)
    socket.on('data', (bytes: Buffer) => {
      waiting = Buffer.concat([waiting, bytes])
      for (;;) {
        const taken = answer(waiting, tap, socket)
        if (taken === 0) return
        waiting = waiting.subarray(taken)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    tcpPort: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      })
  }
}

/** Answers the first whole request; 0 while it is not whole yet. */
function answer(bytes: Buffer, tap: JtagTap, socket: Socket): number {
  const text = bytes.subarray(0, 8).toString('latin1')
  if (text.startsWith('getinfo:')) {
    socket.write(`xvcServer_v1.0:${maxShiftBytes}\n`)
    return 8
  }
  if (text.startsWith('settck:')) {
    if (bytes.length < 11) return 0
    socket.write(bytes.subarray(7, 11))
    return 11
  }
  if (!text.startsWith('shift:') || bytes.length < 10) return 0
  const bits = bytes.readUInt32LE(6)
  const length = Math.ceil(bits / 8)
  if (bytes.length < 10 + 2 * length) return 0
  const out = Buffer.alloc(length)
  for (let bit = 0; bit < bits; bit++) {
    const at = 10 + (bit >> 3)
    const tms = (bytes[at]! >> (bit & 7)) & 1
    const tdi = (bytes[at + length]! >> (bit & 7)) & 1
    out[bit >> 3]! |= tap.clock(tms, tdi) << (bit & 7)
  }
  socket.write(out)
  return 10 + 2 * length
}
