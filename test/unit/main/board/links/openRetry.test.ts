import { SerialPort } from 'serialport'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openSerialLink } from '@main/board/links/serialLink'

/** What the next calls of open answer; null opens. */
const answers: (string | null)[] = []
const opened = { tries: 0, hupcl: [] as unknown[], set: [] as unknown[], ports: [] as SerialPort[] }
const isOpen = new Set<SerialPort>()

type Done = (error: Error | null) => void

/** Puts a port that exists nowhere below every SerialPort. */
function replacePorts(): void {
  vi.spyOn(SerialPort.prototype, 'isOpen', 'get').mockImplementation(function (this: SerialPort) {
    return isOpen.has(this)
  })
  vi.spyOn(SerialPort.prototype, 'open').mockImplementation(function (this: SerialPort, done) {
    opened.tries++
    opened.ports.push(this)
    opened.hupcl.push((this.settings as { hupcl?: boolean }).hupcl)
    const answer = answers.length > 1 ? answers.shift()! : (answers[0] ?? null)
    if (answer === null) isOpen.add(this)
    queueMicrotask(() => (done as Done)(answer === null ? null : new Error(answer)))
  })
  vi.spyOn(SerialPort.prototype, 'set').mockImplementation((signals, done) => {
    opened.set.push(signals)
    ;(done as Done)(null)
  })
  vi.spyOn(SerialPort.prototype, 'close').mockImplementation(function (this: SerialPort, done) {
    isOpen.delete(this)
    ;(done as Done)(null)
  })
}

beforeEach(() => {
  answers.length = 0
  isOpen.clear()
  Object.assign(opened, { tries: 0, hupcl: [], set: [], ports: [] })
  replacePorts()
})
afterEach(() => {
  vi.restoreAllMocks()
})

describe('opening a port', () => {
  it('waits out the moment before udev has set the permissions', async () => {
    answers.push(
      'Error: Permission denied, cannot open /dev/ttyUSB0',
      'Error: Permission denied',
      null as never
    )
    const link = await openSerialLink({ port: '/dev/ttyUSB0', baudRate: 115_200 })
    expect(opened.tries).toBe(3)
    await link.close()
  })

  it('gives up after its time and explains', async () => {
    answers.push('Error: Permission denied')
    const failed = openSerialLink({ port: '/dev/ttyUSB0', baudRate: 115_200, permissionRetryMs: 250 })
    await expect(failed).rejects.toMatchObject({
      code: 'board.permission',
      hint: expect.stringContaining('udev')
    })
    expect(opened.tries).toBeGreaterThan(1)
  })

  it('does not wait for a busy port', async () => {
    answers.push('Error: Cannot lock port')
    await expect(openSerialLink({ port: '/dev/ttyUSB0', baudRate: 115_200 })).rejects.toMatchObject({
      code: 'board.busy'
    })
    expect(opened.tries).toBe(1)
  })

  it('touches DTR and RTS only when the board’s settings say so, and never drops DTR on closing', async () => {
    await (await openSerialLink({ port: '/dev/ttyUSB0', baudRate: 115_200 })).close()
    expect(opened.set).toEqual([])
    await (await openSerialLink({ port: '/dev/ttyUSB0', baudRate: 115_200, dtr: 'off', rts: 'on' })).close()
    await (await openSerialLink({ port: '/dev/ttyUSB0', baudRate: 115_200, rts: 'off' })).close()
    expect(opened.set).toEqual([{ dtr: false, rts: true }, { rts: false }])
    expect(opened.hupcl).toEqual([false, false, false])
  })
})

describe('a port that is opened again for another parity', () => {
  it('gets back the modem lines that were set, which opening raises', async () => {
    const link = await openSerialLink({ port: '/dev/ttyUSB0', baudRate: 115_200, dtr: 'off' })
    await link.setSignals({ rts: false })
    await link.setParity!('even')
    expect(opened.set).toEqual([{ dtr: false }, { dtr: false, rts: false }, { dtr: false, rts: false }])
    await link.close()
    const untouched = await openSerialLink({ port: '/dev/ttyUSB0', baudRate: 115_200 })
    await untouched.setParity!('even')
    expect(opened.set).toHaveLength(3)
    await untouched.close()
  })

  it('ends the link where it does not open again', async () => {
    answers.push(null, 'Error: Cannot lock port')
    const link = await openSerialLink({ port: '/dev/ttyUSB0', baudRate: 115_200 })
    const ends: string[] = []
    link.onClose(({ kind, text }) => ends.push(`${kind}: ${text}`))
    await expect(link.setParity!('even')).rejects.toMatchObject({ code: 'board.busy' })
    expect(ends).toEqual(['failed: the port did not open again with even parity'])
    await expect(link.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'board.disconnected' })
  })

  it('stays closed when it is closed meanwhile', async () => {
    const link = await openSerialLink({ port: '/dev/ttyUSB0', baudRate: 115_200 })
    await Promise.all([link.setParity!('even'), link.close()])
    expect(link.closed).toMatchObject({ kind: 'asked' })
    expect(opened.ports.map((port) => isOpen.has(port))).toEqual([false, false])
  })
})
