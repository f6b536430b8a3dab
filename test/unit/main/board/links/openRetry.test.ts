import { beforeEach, describe, expect, it, vi } from 'vitest'

/** What the next calls of open answer; null opens. */
const answers: (string | null)[] = []
const opened = { tries: 0, hupcl: [] as unknown[], set: [] as unknown[], ports: [] as { isOpen: boolean }[] }

vi.mock('serialport', () => ({
  SerialPort: class {
    isOpen = false
    constructor(options: { hupcl?: boolean }) {
      opened.hupcl.push(options.hupcl)
      opened.ports.push(this)
    }
    open(done: (error: Error | null) => void): void {
      opened.tries++
      const answer = answers.length > 1 ? answers.shift()! : (answers[0] ?? null)
      this.isOpen = answer === null
      queueMicrotask(() => done(answer === null ? null : new Error(answer)))
    }
    on(): void {}
    set(signals: unknown, done: (error: Error | null) => void): void {
      opened.set.push(signals)
      done(null)
    }
    close(done: (error: Error | null) => void): void {
      this.isOpen = false
      done(null)
    }
  }
}))

const { openSerialLink } = await import('@main/board/links/serialLink')

beforeEach(() => {
  answers.length = 0
  Object.assign(opened, { tries: 0, hupcl: [], set: [], ports: [] })
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
    expect(opened.ports.map(({ isOpen }) => isOpen)).toEqual([false, false])
  })
})
