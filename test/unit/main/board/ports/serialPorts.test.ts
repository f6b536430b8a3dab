import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { guessBoard } from '@main/board/ports/portGuess'
import { findPortHolders } from '@main/board/ports/portUser'
import { readPortOwner } from '@main/board/ports/portPermission'
import { openFailure, permissionHint } from '@main/board/links/serialErrors'
import { openSerialLink } from '@main/board/links/serialLink'
import { listPorts } from '@main/board/ports/serialPorts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-sys-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A sysfs tree as Linux lays it out: class/tty/NAME/device -> the interface below the USB device. */
function addTty(name: string, usb: Record<string, string> | null, type = '4', usbInterface = '00'): void {
  const device = path.join(folder, 'devices', name, '1-1', '1-1:1.0', name)
  mkdirSync(device, { recursive: true })
  if (usb !== null) writeFileSync(path.join(device, '..', 'bInterfaceNumber'), `${usbInterface}\n`)
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

  it('tells the two ports of one chip apart by their interface', async () => {
    addTty('ttyUSB0', { idVendor: '0403', idProduct: '6010', serial: 'A7' }, '4', '00')
    addTty('ttyUSB1', { idVendor: '0403', idProduct: '6010', serial: 'A7' }, '4', '01')
    const ports = await listPorts({ native, sysFolder: path.join(folder, 'tty') })
    expect(ports.map(({ interfaceNumber }) => interfaceNumber)).toEqual(['00', '01'])
    const windows = await listPorts({
      native: async () => [{ path: 'COM4', pnpId: 'USB\\VID_0403&PID_6010&MI_01\\7&1' }],
      sysFolder: null
    })
    expect(windows[0]!.interfaceNumber).toBe('01')
  })
})

describe('a port that will not open', () => {
  function addProcess(pid: number, command: string, opened: string | null): void {
    mkdirSync(path.join(folder, 'proc', String(pid), 'fd'), { recursive: true })
    writeFileSync(path.join(folder, 'proc', String(pid), 'comm'), `${command}\n`)
    if (opened !== null) symlinkSync(opened, path.join(folder, 'proc', String(pid), 'fd', '3'))
  }

  it('names who holds it, by its open files or by the lock it left', async () => {
    const device = path.join(folder, 'ttyUSB0')
    writeFileSync(device, '')
    addProcess(4321, 'minicom', device)
    addProcess(99, 'bash', '/dev/null')
    const proc = path.join(folder, 'proc')
    expect(await findPortHolders(device, proc, folder)).toEqual([{ pid: 4321, command: 'minicom' }])
    expect(await findPortHolders(device, path.join(folder, 'noproc'), folder)).toEqual([])
    // Another user's process: its open files are hidden, its lock file is not.
    addProcess(777, 'picocom', null)
    writeFileSync(path.join(folder, 'LCK..ttyUSB0'), '       777\n')
    expect((await findPortHolders(device, proc, folder)).map(({ command }) => command)).toEqual([
      'minicom',
      'picocom'
    ])
    // A lock whose process has ended is nobody's.
    writeFileSync(path.join(folder, 'LCK..ttyUSB0'), '       778\n')
    expect(await findPortHolders(device, proc, folder)).toHaveLength(1)
  })

  it('says so when it is this very process', async () => {
    const device = path.join(folder, 'ttyUSB0')
    writeFileSync(device, '')
    const open = openSync(device, 'r')
    try {
      expect(await openFailure(device, new Error('Cannot lock port'))).toMatchObject({
        code: 'board.busy',
        message: expect.stringContaining('in this Bitbench already')
      })
    } finally {
      closeSync(open)
    }
  })

  it('spells the group and the udev rule of this very device', async () => {
    addTty('ttyUSB0', { idVendor: '0403', idProduct: '6010' })
    const groupFile = path.join(folder, 'group')
    const device = path.join(folder, 'ttyUSB0')
    writeFileSync(device, '')
    writeFileSync(groupFile, `root:x:9999:\nuucp:x:${statSync(device).gid}:someone\n`)
    const owner = await readPortOwner(device, { groupFile, sysFolder: path.join(folder, 'tty') })
    expect(owner).toEqual({ group: 'uucp', vendorId: '0403', productId: '6010' })
    const hint = permissionHint('/dev/ttyUSB0', owner)
    expect(hint).toContain('usermod -aG uucp')
    expect(hint).toContain('ATTRS{idVendor}=="0403", ATTRS{idProduct}=="6010"')
    // A node of root's group opens for nobody who joins it.
    const rootOnly = permissionHint('/dev/ttyS0', { group: 'root', vendorId: null, productId: null })
    expect(rootOnly).not.toContain('usermod')
    expect(rootOnly).toContain('KERNEL=="ttyS0"')
    expect(permissionHint('/dev/ttyX', { group: null, vendorId: null, productId: null })).toContain('dialout')
  })

  it('is explained: permission, busy, missing, anything else', async () => {
    const failure = (text: string) => openFailure('/dev/ttyX', new Error(text))
    expect(await failure('Error: Permission denied, cannot open /dev/ttyX')).toMatchObject({
      code: 'board.permission'
    })
    expect((await failure('Error: Permission denied')).hint).toMatch(/dialout|serial ports/)
    expect(await failure('Error: Access denied')).toMatchObject({
      code: 'board.busy',
      message: expect.stringContaining('another program')
    })
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
