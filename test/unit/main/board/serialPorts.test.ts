import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { portOf } from '@main/board/boardCatalogue'
import { guessBoard } from '@main/board/portGuess'
import { findPortHolders } from '@main/board/portHolder'
import { openFailure } from '@main/board/serialErrors'
import { openSerialLink } from '@main/board/serialLink'
import { listPorts } from '@main/board/serialPorts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-sys-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A sysfs tree as Linux lays it out: class/tty/NAME/device -> the interface below the USB device. */
function addTty(name: string, usb: Record<string, string> | null, type = '4'): void {
  const device = path.join(folder, 'devices', name, '1-1', '1-1:1.0', name)
  mkdirSync(device, { recursive: true })
  for (const [file, text] of Object.entries(usb ?? {})) {
    writeFileSync(path.join(folder, 'devices', name, '1-1', file), `${text}\n`)
  }
  mkdirSync(path.join(folder, 'tty', name), { recursive: true })
  writeFileSync(path.join(folder, 'tty', name, 'type'), type)
  symlinkSync(device, path.join(folder, 'tty', name, 'device'))
}
const native = async (): Promise<never> => {
  throw new Error('udevadm is missing')
}

describe('port list', () => {
  it('reads USB ports from sysfs without udevadm and guesses what they are', async () => {
    addTty('ttyUSB1', {
      idVendor: '0403',
      idProduct: '6010',
      manufacturer: 'Digilent',
      product: 'Arty',
      serial: 'A7'
    })
    addTty('ttyUSB10', { idVendor: '1a86', idProduct: '7523' })
    addTty('ttyS0', null)
    addTty('ttyS9', null, '0')
    mkdirSync(path.join(folder, 'tty', 'console'))
    const ports = await listPorts({ native, sysFolder: path.join(folder, 'tty') })
    expect(ports.map((port) => port.path)).toEqual(['/dev/ttyS0', '/dev/ttyUSB1', '/dev/ttyUSB10'])
    expect(ports[1]).toMatchObject({
      manufacturer: 'Digilent',
      product: 'Arty',
      serialNumber: 'A7',
      vendorId: '0403'
    })
    expect(ports[1]!.guess).toContain('FPGA')
    expect(ports[0]!.guess).toBeNull()
  })

  it('is empty, not an error, where nothing can be listed', async () => {
    expect(await listPorts({ native, sysFolder: null })).toEqual([])
    expect(await listPorts({ native, sysFolder: path.join(folder, 'nowhere') })).toEqual([])
  })

  it('takes serialport’s own list elsewhere', async () => {
    const ports = await listPorts({
      native: async () => [{ path: 'COM3', vendorId: '10C4', productId: 'EA60' }],
      sysFolder: null
    })
    expect(ports).toMatchObject([
      { path: 'COM3', vendorId: '10c4', guess: expect.stringContaining('CP210x') }
    ])
    expect(guessBoard('ffff', '0000', null)).toBeNull()
  })

  it('finds a board that moved to another port by its serial number', () => {
    const port = (name: string, serialNumber: string | null) => ({
      path: name,
      manufacturer: null,
      product: null,
      vendorId: null,
      productId: null,
      serialNumber,
      guess: null
    })
    const ports = [port('/dev/ttyUSB0', 'other'), port('/dev/ttyUSB1', 'mine')]
    expect(portOf('/dev/ttyUSB0', 'mine', ports)).toBe('/dev/ttyUSB1')
    expect(portOf('/dev/ttyUSB0', null, ports)).toBe('/dev/ttyUSB0')
    expect(portOf('/dev/ttyUSB7', 'gone', ports)).toBeNull()
  })
})

describe('a port that will not open', () => {
  it('names who holds it', async () => {
    const device = path.join(folder, 'ttyUSB0')
    writeFileSync(device, '')
    mkdirSync(path.join(folder, 'proc', '4321', 'fd'), { recursive: true })
    writeFileSync(path.join(folder, 'proc', '4321', 'comm'), 'minicom\n')
    symlinkSync(device, path.join(folder, 'proc', '4321', 'fd', '3'))
    expect(await findPortHolders(device, path.join(folder, 'proc'))).toEqual([
      { pid: 4321, command: 'minicom' }
    ])
    expect(await findPortHolders(device, path.join(folder, 'noproc'))).toEqual([])
  })

  it('is explained: permission, busy, missing, anything else', async () => {
    const failure = (text: string) => openFailure('/dev/ttyX', new Error(text))
    expect(await failure('Error: Permission denied, cannot open /dev/ttyX')).toMatchObject({
      code: 'board.permission'
    })
    expect((await failure('Error: Permission denied')).hint).toMatch(/dialout|serial ports/)
    expect(await failure('Error Resource temporarily unavailable Cannot lock port')).toMatchObject({
      code: 'board.busy'
    })
    expect(await failure('Error: No such file or directory, cannot open /dev/ttyX')).toMatchObject({
      code: 'board.notFound'
    })
    expect(await failure('Error: Inappropriate ioctl')).toMatchObject({ code: 'board.faulted' })
  })

  it('is told apart by the real port library too', async () => {
    await expect(
      openSerialLink({ port: path.join(folder, 'none'), baudRate: 115_200 })
    ).rejects.toMatchObject({ code: 'board.notFound' })
    const file = path.join(folder, 'file')
    writeFileSync(file, 'not a terminal')
    await expect(openSerialLink({ port: file, baudRate: 115_200 })).rejects.toMatchObject({
      code: 'board.faulted'
    })
  })
})
