import { readdir, readFile, realpath } from 'node:fs/promises'
import path from 'node:path'
import { guessBoard } from './portGuess'

/** A serial port as the system lists it. USB ids are lower-case hex of four digits. */
export interface PortEntry {
  path: string
  manufacturer: string | null
  product: string | null
  vendorId: string | null
  productId: string | null
  serialNumber: string | null
  /** USB bInterfaceNumber, where a chip brings several ports under one serial number. */
  interfaceNumber: string | null
  guess: string | null
}

/** Where serial ports are listed from. */
export interface PortListing {
  /** serialport's list(); rejects on Linux without udevadm. */
  native: () => Promise<NativePort[]>
  /** /sys/class/tty, or another folder in tests; null where there is none (Windows, macOS). */
  sysFolder: string | null
}

/** A port as serialport lists it. */
export interface NativePort {
  path: string
  manufacturer?: string | undefined
  serialNumber?: string | undefined
  vendorId?: string | undefined
  productId?: string | undefined
  friendlyName?: string | undefined
  pnpId?: string | undefined
}

/** Ports with hardware behind them, sorted by path. Never throws: no list is an empty list, a path can be typed in. */
export async function listPorts({ native, sysFolder }: PortListing): Promise<PortEntry[]> {
  // sysfs needs no helper program and knows which ttyS are mere placeholders, so where it exists it decides.
  const entries =
    sysFolder === null ? await fromNative(native) : ((await fromSys(sysFolder)) ?? (await fromNative(native)))
  return entries.sort((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }))
}

async function fromNative(native: () => Promise<NativePort[]>): Promise<PortEntry[]> {
  const ports = await native().catch(() => [])
  return ports.map((port) =>
    withGuess({
      path: port.path,
      manufacturer: port.manufacturer ?? null,
      product: port.friendlyName ?? null,
      vendorId: port.vendorId?.toLowerCase() ?? null,
      productId: port.productId?.toLowerCase() ?? null,
      serialNumber: port.serialNumber ?? null,
      // Windows has it inside the device's id: USB\VID_0403&PID_6010&MI_01\...
      interfaceNumber: /&MI_([0-9A-F]{2})/i.exec(port.pnpId ?? '')?.[1] ?? null
    })
  )
}

/** sysfs: class/tty/NAME/device leads into the device tree; a USB port has idVendor two or three levels up. */
async function fromSys(sysFolder: string): Promise<PortEntry[] | null> {
  const names = await readdir(sysFolder).catch(() => null)
  if (names === null) return null
  const entries = await Promise.all(names.map((name) => readTty(sysFolder, name)))
  return entries.filter((entry) => entry !== null)
}

/** One port by its node's name (`ttyUSB0`); null where no hardware is behind it. */
export async function readTty(sysFolder: string, name: string): Promise<PortEntry | null> {
  const device = await realpath(path.join(sysFolder, name, 'device')).catch(() => null)
  if (device === null) return null
  // A ttyS without a chip has UART type 0 (PORT_UNKNOWN, include/uapi/linux/serial_core.h).
  if ((await readText(path.join(sysFolder, name, 'type'))) === '0') return null
  const entry = {
    path: `/dev/${name}`,
    manufacturer: null,
    product: null,
    vendorId: null,
    productId: null,
    serialNumber: null,
    interfaceNumber: null
  }
  let interfaceNumber: string | null = null
  for (let folder = device, level = 0; level < 5; folder = path.dirname(folder), level++) {
    interfaceNumber ??= await readText(path.join(folder, 'bInterfaceNumber'))
    const vendorId = await readText(path.join(folder, 'idVendor'))
    if (vendorId === null) continue
    return withGuess({
      path: entry.path,
      vendorId,
      productId: await readText(path.join(folder, 'idProduct')),
      manufacturer: await readText(path.join(folder, 'manufacturer')),
      product: await readText(path.join(folder, 'product')),
      serialNumber: await readText(path.join(folder, 'serial')),
      interfaceNumber
    })
  }
  return withGuess(entry)
}

function withGuess(entry: Omit<PortEntry, 'guess'>): PortEntry {
  return { ...entry, guess: guessBoard(entry.vendorId, entry.productId, entry.product) }
}

async function readText(file: string): Promise<string | null> {
  const text = await readFile(file, 'utf8').catch(() => null)
  return text === null ? null : text.trim()
}
