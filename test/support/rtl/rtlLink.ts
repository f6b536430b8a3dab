import { spawn } from 'node:child_process'
import { disconnected, type Link } from '@main/board/links/link'
import { createLinkListeners } from '@main/board/links/linkListeners'

/** The verilated board behind a Link: `image` runs from reset, its UART is the program's standard input and output. */
export function openRtlLink(program: string, image: string): Link {
  const label = 'verilated core'
  const listeners = createLinkListeners()
  const child = spawn(program, ['--console', image], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()))
  child.stdout.on('data', (bytes: Buffer) => listeners.data(new Uint8Array(bytes)))
  child.once('error', ({ message }) => listeners.end({ kind: 'failed', text: message }))
  child.once('close', (code) => listeners.end({ kind: 'ended', text: `exit code ${code}` }))
  return {
    descriptor: { kind: 'memory', label, port: null, baudRate: null, lossy: false },
    get closed() {
      return listeners.closed
    },
    onData: listeners.onData,
    onClose: listeners.onClose,
    async write(bytes) {
      if (listeners.closed !== null) throw disconnected(label, listeners.closed)
      await new Promise<void>((resolve, reject) =>
        child.stdin.write(bytes, (cause) => (cause == null ? resolve() : reject(cause)))
      )
    },
    async setBaud() {},
    async setSignals() {
      return false
    },
    async close() {
      listeners.end({ kind: 'asked', text: 'closed' })
      child.kill('SIGKILL')
      await exited
    }
  }
}
