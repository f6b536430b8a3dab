import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { JtagTap } from './tap'

/**
 * Serves a TAP to OpenOCD's `remote_bitbang` adapter (its doc/manual/jtag/drivers/remote_bitbang.txt): one character
 * per change of TCK, TMS and TDI (`0` to `7`), `R` to read TDO, `r` to `u` for the reset lines, `Q` to leave.
 */
export async function serveRemoteBitbang(tap: JtagTap): Promise<{ tcpPort: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    let clockLevel = 0
    socket.on('data', (bytes: Buffer) => {
      let answers = ''
      for (const byte of bytes) {
        const character = String.fromCharCode(byte)
        if (character === 'R') answers += tap.tdo === 0 ? '0' : '1'
        else if (character === 'Q') socket.end()
        else if (character >= '0' && character <= '7') {
          const level = byte - 0x30
          const rises = clockLevel === 0 && (level & 4) !== 0
          clockLevel = level & 4
          if (rises) tap.clock((level >> 1) & 1, level & 1)
        }
      }
      if (answers !== '') socket.write(answers)
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
