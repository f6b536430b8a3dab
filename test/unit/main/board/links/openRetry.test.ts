import { beforeEach, describe, expect, it, vi } from 'vitest'

/** What the next calls of open answer; null opens. */
const answers: (string | null)[] = []
const opened = { tries: 0, hupcl: [] as unknown[], set: [] as unknown[] }

vi.mock('serialport', () => ({
  SerialPort: class {
    isOpen = false
    constructor(options: { hupcl?: boolean }) {
      opened.hupcl.push(options.hupcl)
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
  Object.assign(opened, { tries: 0, hupcl: [], set: [] })
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
