import { setModemLines } from './modemLines'
import { SerialPort } from 'serialport'
import { AppError } from '../../../shared/errors'
import {
  type CloseReason,
  disconnected,
  type Link,
  type LinkDescriptor,
  type Parity,
  writeTimedOut,
  writeTimeoutMs
} from './link'
import { patienceHint } from './patience'
import { createLinkListeners, type LinkListeners } from './linkListeners'
import { watchNode } from '../ports/portGone'
import { isPermission, openFailure } from './serialErrors'

/** Port, speed and modem lines of a serial link. */
export interface SerialOptions {
  port: string
  baudRate: number
  /** Modem lines after opening; `leave` touches neither (many boards reset on a change). */
  dtr?: 'leave' | 'on' | 'off'
  rts?: 'leave' | 'on' | 'off'
  /** How it presents itself: QEMU's pty is opened through this adapter too. */
  descriptor?: Partial<LinkDescriptor>
  /** udev sets a new node's permissions a moment after it appears: EACCES is retried this long. */
  permissionRetryMs?: number
}

const retryEveryMs = 100

/**
 * A serial port or pty through serialport.
 *
 * @throws board.notFound, board.permission (after the retry), board.busy (names the holder), board.faulted
 */
export async function openSerialLink(options: SerialOptions): Promise<Link> {
  const { port: device, permissionRetryMs = 2_000 } = options
  let port = await openWithRetry(device, { baudRate: options.baudRate }, permissionRetryMs)
  const listeners = createLinkListeners()
  let baudRate = options.baudRate
  let parity: Parity = 'none'
  const label = options.descriptor?.label ?? device

  let leave = watchEnd(port, device, listeners)
  /** What was set last; opening a port again raises both lines. */
  const lines: { dtr?: boolean; rts?: boolean } = {}
  const setLines = (): Promise<boolean> =>
    // A pty has no modem lines and says so with ENOTTY: not an error.
    new Promise((resolve) => port.set({ ...lines }, (error) => resolve(error == null)))

  const link: Link = {
    get descriptor(): LinkDescriptor {
      return {
        kind: 'serial',
        label,
        port: device,
        baudRate,
        // CDC-ACM devices drop bytes when requests are pipelined (docs/boards.md).
        lossy: /ttyACM|usbmodem/.test(device),
        ...options.descriptor
      }
    },
    get closed() {
      return listeners.closed
    },
    onData: listeners.onData,
    onClose: listeners.onClose,
    async write(bytes, timeoutMs = writeTimeoutMs(bytes.length, baudRate)) {
      if (listeners.closed !== null || !port.isOpen) throw disconnected(label, listeners.closed)
      await writeAll(port, listeners, label, bytes, timeoutMs, patienceHint(link.descriptor.kind))
    },
    async setBaud(next) {
      await changeBaud(port, label, next)
      baudRate = next
    },
    async setParity(next) {
      if (next === parity || listeners.closed !== null) return
      // The driver sets it when a port is opened, and then alone.
      leave()
      await closePort(port)
      try {
        port = await openWithRetry(device, { baudRate, parity: next }, permissionRetryMs)
      } catch (reason) {
        listeners.end({ kind: 'failed', text: `the port did not open again with ${next} parity` })
        throw reason
      }
      leave = watchEnd(port, device, listeners)
      parity = next
      if (listeners.closed !== null) await closePort(port)
      else if (Object.keys(lines).length > 0) await setLines()
    },
    setSignals(signals) {
      Object.assign(lines, signals)
      return setLines()
    },
    async close() {
      if (port.isOpen) await closePort(port)
      listeners.end({ kind: 'asked', text: 'closed' })
    }
  }
  await setModemLines(link, options)
  return link
}

async function closePort(port: SerialPort): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, 2_000)
    port.close(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/**
 * Reports the end of a port to the listeners, whoever caused it. Returns what leaves it: the port may then close without an end of the
 * link, to be opened again.
 */
function watchEnd(port: SerialPort, device: string, listeners: LinkListeners): () => void {
  let isLeft = false
  const end = (reason: CloseReason): void => {
    if (!isLeft) listeners.end(reason)
    // An error after the end is ignored; without a listener it would end the process.
    port.on('error', () => undefined)
  }
  // The data listener stays attached for the life of the port: only then does a dying peer make itself known.
  port.on('data', (bytes: Buffer) => listeners.data(new Uint8Array(bytes)))
  port.on('close', (error: (Error & { disconnected?: boolean }) | null) =>
    end(
      error?.disconnected === true || error != null
        ? { kind: 'unplugged', text: 'the port went away' }
        : { kind: 'asked', text: 'closed' }
    )
  )
  const lose = (text: string): void => {
    end({ kind: 'unplugged', text })
    if (port.isOpen) port.close(() => undefined)
  }
  port.on('error', (error: Error) => lose(`the port failed (${error.message})`))
  const watch = watchNode(device, () => lose('the port went away'))
  const offClose = listeners.onClose(() => watch.stop())
  return () => {
    isLeft = true
    offClose()
    watch.stop()
  }
}

/** @throws board.disconnected, board.timeout */
async function writeAll(
  port: SerialPort,
  listeners: LinkListeners,
  label: string,
  bytes: Uint8Array,
  timeoutMs: number,
  hint: string | undefined
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const offClose = listeners.onClose((reason) => settle(() => reject(disconnected(label, reason))))
    const timer = setTimeout(
      () => settle(() => reject(writeTimedOut(label, bytes.length, timeoutMs, hint))),
      timeoutMs
    )
    const settle = (act: () => void): void => {
      clearTimeout(timer)
      offClose()
      act()
    }
    port.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), (error) => {
      if (error == null) settle(resolve)
      else settle(() => reject(disconnected(label, { kind: 'unplugged', text: error.message })))
    })
  })
}

/** @throws board.faulted for a speed that the bridge does not take */
async function changeBaud(port: SerialPort, label: string, baudRate: number): Promise<void> {
  await new Promise<void>((resolve, reject) =>
    port.update({ baudRate }, (error) =>
      error == null
        ? resolve()
        : reject(
            new AppError(
              'board.faulted',
              `${label} does not take ${baudRate} baud: ${error.message}`,
              'Choose a speed that the USB bridge supports, such as 115200.',
              { cause: error }
            )
          )
    )
  )
}

async function openWithRetry(
  device: string,
  format: { baudRate: number; parity?: Parity },
  retryMs: number
): Promise<SerialPort> {
  const deadlineMs = performance.now() + retryMs
  for (;;) {
    // hupcl off: closing the port does not drop DTR, which would reset many boards.
    const port = new SerialPort({ path: device, ...format, autoOpen: false, hupcl: false })
    const error = await new Promise<Error | null>((resolve) => port.open(resolve))
    if (error == null) return port
    if (!isPermission(error.message) || performance.now() >= deadlineMs)
      throw await openFailure(device, error)
    await new Promise((resolve) => setTimeout(resolve, retryEveryMs))
  }
}
