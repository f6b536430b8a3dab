import { AppError } from '@shared/errors'
import { latin1Text } from '../../binary/bytes'

/** Value of a property: its bytes as stored, big-endian (Devicetree Specification 0.4, chapter 5). */
export type DeviceProperty = Uint8Array

/** A node of a device tree. */
export interface DeviceNode {
  /** With its unit address, e.g. "serial@10000000"; the root's is empty. */
  name: string
  properties: Map<string, DeviceProperty>
  children: DeviceNode[]
  parent: DeviceNode | null
}

const magic = 0xd00d_feed
const token = { begin: 1, end: 2, property: 3, nop: 4, finish: 9 } as const
/** Nodes inside one another that are read; the depth of a damaged or hostile tree is bounded by it. */
export const maxTreeDepth = 64

/** Returns a new node as the last child of `parent`; the root where that is null. */
export function addNode(parent: DeviceNode | null, name: string): DeviceNode {
  const node: DeviceNode = { name, properties: new Map(), children: [], parent }
  parent?.children.push(node)
  return node
}

/** Whether these bytes begin as a device tree blob does. */
export function isDeviceTreeBlob(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) === magic
}

/**
 * Reads a flattened device tree.
 *
 * @throws input.invalid for bytes that are none, or are cut or damaged
 */
export function parseDeviceTreeBlob(bytes: Uint8Array): DeviceNode {
  try {
    return readBlob(bytes)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw damaged('it ends in the middle')
  }
}

function readBlob(bytes: Uint8Array): DeviceNode {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getUint32(0) !== magic) throw damaged('it does not begin with 0xd00dfeed')
  if (view.getUint32(4) > bytes.length) throw damaged('it is shorter than its header says')
  const strings = view.getUint32(12)
  const root = addNode(null, '')
  let node: DeviceNode | null = null
  let depth = 0
  for (let at = view.getUint32(8); ;) {
    const kind = view.getUint32(at)
    at += 4
    if (kind === token.begin) {
      const name = textAt(bytes, at)
      at = align(at + name.length + 1)
      if (++depth > maxTreeDepth) throw damaged('its nodes are nested too deep')
      node = node === null ? root : addNode(node, name)
    } else if (kind === token.end) {
      if (node === null) throw damaged('a node ends that has not begun')
      depth--
      node = node.parent
    } else if (kind === token.property) {
      const [length, name] = [view.getUint32(at), textAt(bytes, strings + view.getUint32(at + 4))]
      if (node === null || at + 8 + length > bytes.length) throw damaged('a property lies outside')
      node.properties.set(name, bytes.slice(at + 8, at + 8 + length))
      at = align(at + 8 + length)
    } else if (kind === token.finish) {
      if (node !== null) throw damaged('a node does not end')
      return root
    } else if (kind !== token.nop) throw damaged(`it has a token ${kind}`)
  }
}

/** Text up to its zero byte. */
function textAt(bytes: Uint8Array, at: number): string {
  const end = bytes.indexOf(0, at)
  if (at >= bytes.length || end < 0) throw damaged('a text does not end')
  return latin1Text(bytes.subarray(at, end))
}

const align = (at: number): number => (at + 3) & ~3

function damaged(what: string): AppError {
  return new AppError(
    'input.invalid',
    `This is no device tree that can be read: ${what}.`,
    'Copy the blob again (Linux: /sys/firmware/fdt), or give the output of `fdt print /` of U-Boot.'
  )
}

/** Cells of a property as unsigned 32-bit numbers; empty where the node does not have it. */
export function cellsOf(node: DeviceNode, property: string): number[] {
  const bytes = node.properties.get(property) ?? new Uint8Array(0)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: bytes.length >> 2 }, (_, index) => view.getUint32(4 * index))
}

/** Texts of a property; empty where the node does not have it. */
export function textsOf(node: DeviceNode, property: string): string[] {
  const bytes = node.properties.get(property)
  if (bytes === undefined || bytes.length === 0) return []
  return latin1Text(bytes).replace(/\0$/, '').split('\0')
}

/** The node at a path ("/soc/serial@10000000"), or by an alias ("serial0"); a unit address may be left out. */
export function nodeAt(root: DeviceNode, path: string): DeviceNode | null {
  if (!path.startsWith('/')) {
    const aliases = root.children.find((child) => child.name === 'aliases')
    const target = aliases === undefined ? undefined : textsOf(aliases, path)[0]
    return target === undefined || !target.startsWith('/') ? null : nodeAt(root, target)
  }
  let node: DeviceNode = root
  for (const part of path.split('/').filter((name) => name !== '')) {
    const next =
      node.children.find((child) => child.name === part) ??
      node.children.find((child) => child.name.split('@')[0] === part)
    if (next === undefined) return null
    node = next
  }
  return node
}

/** Address and size of a node's registers as the root sees them, through the `ranges` of the buses above; null where it has none. */
export function registersOf(node: DeviceNode): { base: number; sizeBytes: number } | null {
  const [bank] = banksOf(node)
  if (bank === undefined) return null
  let { base } = bank
  for (let bus = node.parent; bus?.parent != null; bus = bus.parent) base = throughBus(bus, base)
  return { base, sizeBytes: bank.sizeBytes }
}

/** All pairs of address and size in `reg`, as the node's bus sees them. */
export function banksOf(node: DeviceNode): { base: number; sizeBytes: number }[] {
  const { addressCells, sizeCells } = cellCounts(node.parent)
  const cells = cellsOf(node, 'reg')
  const width = addressCells + sizeCells
  if (width === 0) return []
  return Array.from({ length: Math.floor(cells.length / width) }, (_, index) => {
    const at = index * width
    return {
      base: joined(cells.slice(at, at + addressCells)),
      sizeBytes: joined(cells.slice(at + addressCells, at + width))
    }
  })
}

function throughBus(bus: DeviceNode, address: number): number {
  const cells = cellsOf(bus, 'ranges')
  const own = cellCounts(bus)
  const parent = cellCounts(bus.parent)
  const width = own.addressCells + parent.addressCells + own.sizeCells
  for (let at = 0; width > 0 && at + width <= cells.length; at += width) {
    const from = joined(cells.slice(at, at + own.addressCells))
    const to = joined(cells.slice(at + own.addressCells, at + own.addressCells + parent.addressCells))
    const size = joined(cells.slice(at + own.addressCells + parent.addressCells, at + width))
    if (address >= from && address < from + size) return to + (address - from)
  }
  return address
}

/** Defaults of the specification where a bus does not say them. */
function cellCounts(bus: DeviceNode | null): { addressCells: number; sizeCells: number } {
  const of = (name: string, otherwise: number): number =>
    (bus === null ? undefined : cellsOf(bus, name)[0]) ?? otherwise
  return { addressCells: of('#address-cells', 2), sizeCells: of('#size-cells', 1) }
}

/** One cell, or two with the high word first. */
const joined = (cells: number[]): number => cells.slice(-2).reduce((sum, cell) => sum * 2 ** 32 + cell, 0)
