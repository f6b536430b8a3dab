import { createServer } from 'node:net'

/** Below the ports that Linux, macOS and Windows give away by themselves: no process gets one of these by chance. */
const [lowest, count] = [15_000, 15_000]

/** A TCP port of the loopback on which nothing listens, and that no other process is given unless it asks for it. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = lowest + Math.floor(Math.random() * count)
    if (await isFree(port)) return port
  }
  throw new Error(`no free port from ${lowest} on`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
