import { AppError } from '@shared/errors'
import { asciiBytes, concatBytes } from '../../binary/bytes'
import { addNode, maxTreeDepth, type DeviceNode } from './deviceTree'

/** What is read as one piece: a text, a number, a label or name, a mark. */
const pieces =
  /"((?:[^"\\]|\\.)*)"|([A-Za-z_][A-Za-z0-9_]*):|\/\*[\s\S]*?\*\/|\/\/[^\n]*|[{};=<>[\]]|[^\s"{};=<>[\]]+/g
/** Where the root node begins. */
const rootBegin = /(^|[\s:])\/\s*\{/

/** Whether a text holds the beginning of a device tree. */
export const isDeviceTreeText = (text: string): boolean => rootBegin.test(text)

/**
 * Reads a device tree as text: what U-Boot's `fdt print /` shows (echo and prompts around it do not matter), or a source without
 * expressions. References to labels have no value here.
 *
 * @throws input.invalid where there is no root node or a node does not end
 */
export function parseDeviceTreeText(text: string): DeviceNode {
  const start = rootBegin.exec(text)
  if (start === null) throw unreadable('no line "/ {" begins the tree')
  const found = [...text.slice(start.index).matchAll(pieces)]
    .filter(([piece, , label]) => !piece.startsWith('/*') && !piece.startsWith('//') && label === undefined)
    .map(([piece, string]) => ({ piece, string }))
  const root = addNode(null, '')
  let node: DeviceNode | null = null
  let depth = 0
  for (let at = 0; at < found.length;) {
    const { piece } = found[at]
    if (piece === '}') {
      if (node === null) throw unreadable('a node ends that has not begun')
      node = node.parent
      depth--
      if (node === null) return root
      at += found[at + 1]?.piece === ';' ? 2 : 1
    } else if (found[at + 1]?.piece === '{') {
      if (++depth > maxTreeDepth) throw unreadable('its nodes are nested too deep')
      node = node === null ? root : addNode(node, piece)
      at += 2
    } else if (node !== null && found[at + 1]?.piece === ';') {
      node.properties.set(piece, new Uint8Array(0))
      at += 2
    } else if (node !== null && found[at + 1]?.piece === '=') {
      let end = at + 2
      while (end < found.length && found[end].piece !== ';') end++
      if (end === found.length) break
      node.properties.set(piece, valueOf(found.slice(at + 2, end)))
      at = end + 1
    } else if (at + 1 >= found.length) break
    else throw unreadable(`"${piece.slice(0, 40)}" is out of place`)
  }
  throw unreadable('it ends in the middle of a node')
}

function valueOf(value: readonly { piece: string; string: string | undefined }[]): Uint8Array {
  const parts: Uint8Array[] = []
  let inside: '' | '<' | '[' = ''
  for (const { piece, string } of value) {
    if (string !== undefined) parts.push(asciiBytes(`${string}\0`))
    else if (piece === '<' || piece === '[') inside = piece
    else if (piece === '>' || piece === ']') inside = ''
    else if (inside === '<') parts.push(cellBytes(piece))
    else if (inside === '[') parts.push(hexBytes(piece))
  }
  return concatBytes(parts)
}

function cellBytes(piece: string): Uint8Array {
  const number = piece.startsWith('&') ? 0 : Number(piece)
  if (!Number.isInteger(number) || number < 0 || number > 0xffff_ffff)
    throw unreadable(`"${piece.slice(0, 40)}" is no 32-bit number`)
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, number)
  return bytes
}

function hexBytes(piece: string): Uint8Array {
  if (!/^([0-9a-f]{2})+$/i.test(piece)) throw unreadable(`"${piece.slice(0, 40)}" are no bytes`)
  return Uint8Array.from(piece.match(/../g)!, (pair) => parseInt(pair, 16))
}

function unreadable(what: string): AppError {
  return new AppError(
    'input.invalid',
    `This device tree cannot be read: ${what}.`,
    'Give all that U-Boot shows for `fdt addr ${fdtcontroladdr}` and `fdt print /`, or the blob itself.'
  )
}
