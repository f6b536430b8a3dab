import { AppError } from '@shared/errors'
import type { BoardDescription, DescribedField, FieldOrigin } from '@shared/contract/board/boardDescription'
import { originsBy } from '@shared/fieldOrigins'
import { decodeUtf8 } from '../../binary/utf8'
import { parseLitexSoc } from '../litexSoc'
import { checkDescription } from './checkDescription'
import { describeDeviceTree } from './describeDeviceTree'
import { describeLitexSoc } from './describeLitex'
import { type DeviceNode, isDeviceTreeBlob, parseDeviceTreeBlob } from './deviceTree'
import { isDeviceTreeText, parseDeviceTreeText } from './deviceTreeText'

/**
 * Reads a board's description from what is at hand: LiteX's csr.csv, csr.json or soc.json, a device tree (blob, or the text of
 * `fdt print /`), or a description as JSON.
 *
 * @throws input.invalid for anything else and for contradictions, input.unsupported for a board that no monitor runs on
 */
export function readDescription(bytes: Uint8Array): BoardDescription {
  return readDescribed(bytes).description
}

/** A board's description, and where each shown field of it comes from. */
export interface DescribedFields {
  readonly description: BoardDescription
  readonly origins: Record<DescribedField, FieldOrigin>
}

/** The same as readDescription with the origin of every shown field. @throws as readDescription */
export function readDescribed(bytes: Uint8Array): DescribedFields {
  if (isDeviceTreeBlob(bytes)) return ofTree(parseDeviceTreeBlob(bytes))
  const text = decodeUtf8(bytes)
  if (isDescription(text)) return ofJson(parseJson(text))
  if (isDeviceTreeText(text)) return ofTree(parseDeviceTreeText(text))
  return ofLitex(text)
}

/** Fields that a device tree or a file of LiteX itself holds; the others follow from the kind of the board. */
const readFields: readonly string[] = ['name', 'isa', 'clockHz', 'uart', 'ram']

function ofTree(root: DeviceNode): DescribedFields {
  return withOrigins(checkDescription(describeDeviceTree(root)), readFields, 'rule')
}

function ofJson(given: unknown): DescribedFields {
  const description = checkDescription(given)
  return withOrigins(description, Object.keys(given as object), 'default')
}

function ofLitex(text: string): DescribedFields {
  const description = checkDescription(describeLitexSoc(parseLitexSoc(text)))
  // timer0 is where the file says; that it counts follows from the variant of the core.
  const fields = description.counter.kind === 'timer' ? [...readFields, 'counter'] : readFields
  return withOrigins(description, fields, 'rule')
}

/** @param other origin of fields that the file does not hold */
function withOrigins(
  description: BoardDescription,
  fields: readonly string[],
  other: FieldOrigin
): DescribedFields {
  const origins = originsBy((field) =>
    description[field] === null ? 'unknown' : fields.includes(field) ? 'file' : other
  )
  return { description, origins }
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
