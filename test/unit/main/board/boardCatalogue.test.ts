import { describe, expect, it } from 'vitest'
import { defaultSettings, listCatalogue, manualEntry } from '@main/board/boardCatalogue'
import type { SavedBoard } from '@main/board/boardStore'
import { findPort } from '@main/board/ports/portIdentity'
import { watchPorts } from '@main/board/ports/portWatch'
import type { PortEntry } from '@main/board/ports/serialPorts'

const port = (
  path: string,
  serialNumber: string | null,
  interfaceNumber: string | null = null
): PortEntry => ({
  path,
  manufacturer: 'FTDI',
  product: 'Arty',
  vendorId: '0403',
  productId: '6010',
  serialNumber,
  interfaceNumber,
  guess: null
})
const saved = (
  id: string,
  serialNumber: string | null,
  interfaceNumber: string | null = null
): SavedBoard => ({
  id,
  name: 'Lab board',
  settings: { ...defaultSettings, baudRate: 921_600 },
  serialNumber,
  interfaceNumber
})
const list = async (
  ports: PortEntry[],
  known: SavedBoard[] = [],
  inUse = [] as Parameters<typeof listCatalogue>[2]
) =>
  (
    await listCatalogue(
      { listPorts: async () => ports, findQemu: async () => null, rtlObstacle: async () => null },
      known,
      inUse
    )
  )
    .filter(({ kind }) => kind === 'serial')
    .map(({ id, port: at, name, saved: isSaved }) => ({ id, port: at, name, isSaved }))

describe('a saved board without a name', () => {
  const unnamed = (id: string, serialNumber: string | null): SavedBoard => ({
    ...saved(id, serialNumber),
    name: null
  })
  it('is listed under its path while no system lists the port', async () => {
    expect(await list([], [unnamed('/dev/ttyUSB7', null)])).toEqual([
      { id: '/dev/ttyUSB7', port: '/dev/ttyUSB7', name: '/dev/ttyUSB7', isSaved: true }
    ])
  })
  it('is listed without a port while its USB board is unplugged', async () => {
    expect(await list([], [unnamed('/dev/ttyUSB0', 'mine')])).toEqual([
      { id: '/dev/ttyUSB0', port: null, name: '/dev/ttyUSB0', isSaved: true }
    ])
  })
  it('takes no list down when its kind is no longer offered', async () => {
    expect(await list([port('/dev/ttyUSB1', 'other')], [unnamed('virtual:gone', null)])).toContainEqual({
      id: '/dev/ttyUSB1',
      port: '/dev/ttyUSB1',
      name: '/dev/ttyUSB1',
      isSaved: false
    })
  })
})

describe('the port of a board', () => {
  const mine = { serialNumber: 'mine', interfaceNumber: null }
  it('is found again by the serial number, whatever path it got', () => {
    const ports = [port('/dev/ttyUSB0', 'other'), port('/dev/ttyUSB1', 'mine')]
    expect(findPort('/dev/ttyUSB0', mine, ports)).toBe('/dev/ttyUSB1')
    expect(findPort('/dev/ttyUSB7', mine, ports)).toBe('/dev/ttyUSB1')
  })

  it('is never the port of another board that took the old path', () => {
    expect(findPort('/dev/ttyUSB0', mine, [port('/dev/ttyUSB0', 'other')])).toBeNull()
    expect(findPort('/dev/ttyUSB0', mine, [port('/dev/ttyUSB0', null)])).toBeNull()
    expect(findPort('/dev/ttyUSB0', mine, [])).toBeNull()
  })

  it('is the same interface of a chip that brings several', () => {
    const ports = [port('/dev/ttyUSB4', 'mine', '00'), port('/dev/ttyUSB5', 'mine', '01')]
    expect(findPort('/dev/ttyUSB1', { serialNumber: 'mine', interfaceNumber: '01' }, ports)).toBe(
      '/dev/ttyUSB5'
    )
    expect(findPort('/dev/ttyUSB0', { serialNumber: 'mine', interfaceNumber: '00' }, ports)).toBe(
      '/dev/ttyUSB4'
    )
  })

  it('is its path where nobody knows more', () => {
    const bare = { serialNumber: null, interfaceNumber: null }
    expect(findPort('/dev/ttyS0', bare, [port('/dev/ttyS0', null)])).toBe('/dev/ttyS0')
    expect(findPort('/dev/ttyS1', bare, [])).toBeNull()
  })
})

describe('the list of boards', () => {
  it('shows a saved board that moved once, under its own id, and a newcomer on its old path beside it', async () => {
    const ports = [port('/dev/ttyUSB0', 'other'), port('/dev/ttyUSB1', 'mine')]
    expect(await list(ports, [saved('/dev/ttyUSB0', 'mine')])).toEqual([
      { id: '/dev/ttyUSB0', port: '/dev/ttyUSB1', name: 'Lab board', isSaved: true },
      { id: '/dev/ttyUSB0@other', port: '/dev/ttyUSB0', name: '/dev/ttyUSB0', isSaved: false }
    ])
  })

  it('a saved board that is not plugged in stays listed, without a port', async () => {
    expect(await list([], [saved('/dev/ttyUSB0', 'mine')])).toEqual([
      { id: '/dev/ttyUSB0', port: null, name: 'Lab board', isSaved: true }
    ])
    // One without a serial number keeps its path: a pty, a remote driver.
    expect(await list([], [saved('/tmp/pty', null)])).toMatchObject([{ id: '/tmp/pty', port: '/tmp/pty' }])
  })

  it('a board in use that moved is listed once as well, and unplugged keeps what was known', async () => {
    const inUse = [{ ...manualEntry('/dev/ttyUSB0'), serialNumber: 'mine', description: 'FTDI Arty' }]
    expect(await list([port('/dev/ttyUSB3', 'mine')], [], inUse)).toMatchObject([
      { id: '/dev/ttyUSB0', port: '/dev/ttyUSB3' }
    ])
    const [gone] = (
      await listCatalogue(
        { listPorts: async () => [], findQemu: async () => null, rtlObstacle: async () => null },
        [],
        inUse
      )
    ).filter(({ kind }) => kind === 'serial')
    expect(gone).toMatchObject({ id: '/dev/ttyUSB0', description: 'FTDI Arty', serialNumber: 'mine' })
  })
})

describe('watching the ports', () => {
  it('tells of a change once, and of nothing after it was stopped', async () => {
    let ports = [port('/dev/ttyUSB0', 'a')]
    let looks = 0
    let changes = 0
    const watch = watchPorts(
      async () => {
        looks++
        return ports
      },
      async () => void changes++,
      1
    )
    const looked = async (more: number): Promise<void> => {
      const until = looks + more
      while (looks < until) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await looked(3)
    expect(changes).toBe(0)
    ports = [port('/dev/ttyUSB0', 'a'), port('/dev/ttyUSB1', 'b')]
    await looked(4)
    expect(changes).toBe(1)
    watch.stop()
    const before = looks
    ports = []
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(looks).toBeLessThanOrEqual(before + 1)
    expect(changes).toBe(1)
  })
})
