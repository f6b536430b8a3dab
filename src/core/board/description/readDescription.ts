import { AppError } from '@shared/errors'
import type { BoardDescription } from '@shared/contract/board/boardDescription'
import { decodeUtf8 } from '../../binary/utf8'
import { parseLitexSoc } from '../litexSoc'
import { checkDescription } from './checkDescription'
import { describeDeviceTree } from './describeDeviceTree'
import { describeLitexSoc } from './describeLitex'
import { isDeviceTreeBlob, parseDeviceTreeBlob } from './deviceTree'
import { isDeviceTreeText, parseDeviceTreeText } from './deviceTreeText'

/**
 * Reads a board's description from what is at hand: LiteX's csr.csv, csr.json or soc.json, a device tree (blob, or the text of
 * `fdt print /`), or a description as JSON.
 *
 * @throws input.invalid for anything else and for contradictions, input.unsupported for a board that no monitor runs on
 */
export function readDescription(bytes: Uint8Array): BoardDescription {
  if (isDeviceTreeBlob(bytes)) return checkDescription(describeDeviceTree(parseDeviceTreeBlob(bytes)))
  const text = decodeUtf8(bytes)
  if (isDescription(text)) return checkDescription(parseJson(text))
  if (isDeviceTreeText(text)) return checkDescription(describeDeviceTree(parseDeviceTreeText(text)))
  return checkDescription(describeLitexSoc(parseLitexSoc(text)))
}

/** JSON with a field that only a description has; LiteX's JSON has csr_bases. */
function isDescription(text: string): boolean {
  return (
    text.trimStart().startsWith('{') && /"(monitor|uart)"\s*:/.test(text) && !text.includes('"csr_bases"')
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError(
      'input.invalid',
      `This board description cannot be read: ${cause instanceof Error ? cause.message : String(cause)}.`,
      'It is a JSON file; `bitbench board describe --name qemu --json` prints an example.'
    )
  }
}
