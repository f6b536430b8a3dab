import type { BoardDescription, DescribedField, FieldOrigin } from '@shared/contract/board/boardDescription'
import { decodeUtf8 } from '../../binary/utf8'
import { isDeviceTreeBlob } from './deviceTree'
import { isDeviceTreeText } from './deviceTreeText'

/** Fields that a device tree or a file of LiteX itself holds; the others follow from the kind of the board. */
const readFields = {
  tree: ['name', 'isa', 'clockHz', 'uart', 'ram'],
  litex: ['name', 'isa', 'clockHz', 'uart', 'ram']
} as const satisfies Record<string, readonly DescribedField[]>

/** Where each field of a description that was read from a file comes from. */
export function describedFields(
  bytes: Uint8Array,
  board: BoardDescription
): Record<DescribedField, FieldOrigin> {
  const given = givenFields(bytes, board)
  const originOf = (field: DescribedField): FieldOrigin => {
    if (board[field] === null) return 'unknown'
    return given.fields.includes(field) ? 'file' : given.other
  }
  return {
    name: originOf('name'),
    isa: originOf('isa'),
    clockHz: originOf('clockHz'),
    uart: originOf('uart'),
    ram: originOf('ram'),
    counter: originOf('counter'),
    instructions: originOf('instructions'),
    loader: originOf('loader'),
    monitor: originOf('monitor')
  }
}

function givenFields(
  bytes: Uint8Array,
  { counter }: BoardDescription
): { fields: readonly string[]; other: FieldOrigin } {
  if (isDeviceTreeBlob(bytes)) return { fields: readFields.tree, other: 'rule' }
  const text = decodeUtf8(bytes)
  if (isDeviceTreeText(text)) return { fields: readFields.tree, other: 'rule' }
  const fields = jsonFields(text)
  if (fields !== null) return { fields, other: 'default' }
  // timer0 is where the file says; that it counts follows from the variant of the core.
  return {
    fields: counter.kind === 'timer' ? [...readFields.litex, 'counter'] : readFields.litex,
    other: 'rule'
  }
}

/** Names of the fields of a description as JSON; null for LiteX's JSON and for what is no JSON. */
function jsonFields(text: string): string[] | null {
  if (!text.trimStart().startsWith('{') || text.includes('"csr_bases"')) return null
  const parsed: unknown = JSON.parse(text)
  return typeof parsed === 'object' && parsed !== null ? Object.keys(parsed) : []
}
