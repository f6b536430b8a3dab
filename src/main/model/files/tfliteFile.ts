import { ByteBuffer } from 'flatbuffers'
import { AppError } from '../../../shared/errors'
import {
  operatorNames,
  optionFields,
  tfliteTypes,
  type TfliteModel,
  type TfliteOperator,
  type TfliteOption,
  type TfliteTensor
} from '../../../core/model/tflite/tflite'

/** Bytes of a .tflite file to plain data (FlatBuffers; schema.fbs of TensorFlow Lite, version 3). */

/** True for the bytes of a TFLite file: its identifier stands behind the offset of the root table. */
export function isTflite(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && Buffer.from(bytes.subarray(4, 8)).toString('latin1') === 'TFL3'
}

/** Decodes a TFLite model. @throws AppError model.invalid when tables or vectors do not lie within the file. */
export function decodeTflite(bytes: Uint8Array): TfliteModel {
  const reader = createTables(bytes)
  const model = reader.root()
  const [main] = model.tables(2)
  if (main === undefined) throw damaged('it holds no graph')
  const buffers = model.tables(4)
  const codes = model.tables(1).map(operatorCode)
  const tensors = main.tables(0).map((table) => decodeTensor(table, buffers, bytes))
  return {
    name: main.text(4) ?? '',
    tensors,
    operators: main.tables(3).map((table) => decodeOperator(table, codes, tensors.length)),
    inputs: checked(main.ints(1), tensors.length),
    outputs: checked(main.ints(2), tensors.length)
  }
}

interface OperatorCode {
  readonly name: string
  readonly isCustom: boolean
}

/** Codes above 127 stand in a newer field; the old byte then holds 127. */
function operatorCode(table: Table): OperatorCode {
  const number = Math.max(table.byte(0, 0), table.int(3, 0))
  const name = operatorNames[number] ?? `operator ${number}`
  return name === 'CUSTOM' ? { name: table.text(1) ?? 'CUSTOM', isCustom: true } : { name, isCustom: false }
}

function decodeTensor(table: Table, buffers: readonly Table[], bytes: Uint8Array): TfliteTensor {
  const quantization = table.table(4)
  return {
    name: table.text(3) ?? '',
    type: tfliteTypes[table.byte(1, 0)] ?? 'other',
    dims: table.ints(0),
    data: bufferOf(buffers[table.int(2, 0)], bytes),
    scales: quantization?.floats(2) ?? [],
    zeros: quantization?.longs(3) ?? [],
    axis: quantization?.int(6, 0) ?? 0,
    isSparse: table.table(6) !== null
  }
}

/** Bytes of a buffer: inside its table, or for large files at an offset of the file; null where it is empty. */
function bufferOf(table: Table | undefined, bytes: Uint8Array): Uint8Array | null {
  if (table === undefined) return null
  const own = table.bytes(0)
  if (own.length > 0) return own
  const [offset, size] = [table.long(1), table.long(2)]
  if (offset <= 1 || size === 0) return null
  if (offset + size > bytes.length) throw damaged('a buffer lies outside it')
  return bytes.subarray(offset, offset + size)
}

function decodeOperator(table: Table, codes: readonly OperatorCode[], tensors: number): TfliteOperator {
  const code = codes[table.int(0, 0)]
  if (code === undefined) throw damaged('an operator has no code')
  const fields = Object.hasOwn(optionFields, code.name) ? optionFields[code.name] : []
  const given = table.table(4)
  const options: Record<string, TfliteOption> = {}
  for (const [slot, [name, kind, fallback = 0]] of fields.entries()) {
    if (kind === 'ints') options[name] = given?.ints(slot) ?? []
    else if (kind === 'bool') options[name] = (given?.byte(slot, 0) ?? 0) !== 0
    else if (kind === 'float') options[name] = given?.float(slot) ?? 0
    else if (kind === 'byte') options[name] = given?.byte(slot, fallback) ?? fallback
    else options[name] = given?.int(slot, fallback) ?? fallback
  }
  return {
    ...code,
    inputs: checked(table.ints(1), tensors, -1),
    outputs: checked(table.ints(2), tensors),
    options
  }
}

function checked(indices: readonly number[], count: number, least = 0): readonly number[] {
  if (indices.some((index) => index < least || index >= count))
    throw damaged('it names a tensor it does not have')
  return indices
}

function damaged(what: string): AppError {
  return new AppError(
    'model.invalid',
    `The TFLite file cannot be read: ${what}.`,
    'Check that the file was copied whole, or convert the network again.'
  )
}

/** A table of the file; fields are named by their slot in the schema. */
interface Table {
  byte(slot: number, fallback: number): number
  int(slot: number, fallback: number): number
  long(slot: number): number
  float(slot: number): number
  text(slot: number): string | null
  table(slot: number): Table | null
  tables(slot: number): Table[]
  ints(slot: number): number[]
  longs(slot: number): number[]
  floats(slot: number): number[]
  bytes(slot: number): Uint8Array
}

/** Tables of a FlatBuffers file; every offset is checked against its end. */
function createTables(bytes: Uint8Array): { root(): Table } {
  const buffer = new ByteBuffer(bytes)
  const within = (at: number, size: number): number => {
    if (!(at >= 0 && size >= 0 && at + size <= bytes.length)) throw damaged('an offset points outside it')
    return at
  }

  function tableAt(position: number): Table {
    within(position, 4)
    const fields = within(position - buffer.readInt32(position), 4)
    const fieldBytes = buffer.readUint16(fields)
    const place = (slot: number, size: number): number | null => {
      const entry = 4 + 2 * slot
      if (entry + 2 > fieldBytes) return null
      const offset = buffer.readUint16(within(fields + entry, 2))
      return offset === 0 ? null : within(position + offset, size)
    }
    const indirect = (slot: number): number | null => {
      const at = place(slot, 4)
      return at === null ? null : within(at + buffer.readUint32(at), 4)
    }
    const vector = <T>(slot: number, size: number, read: (at: number) => T): T[] => {
      const at = indirect(slot)
      if (at === null) return []
      const length = buffer.readUint32(at)
      const start = within(at + 4, length * size)
      return Array.from({ length }, (_, index) => read(start + index * size))
    }
    return {
      byte: (slot, fallback) => {
        const at = place(slot, 1)
        return at === null ? fallback : buffer.readInt8(at)
      },
      int: (slot, fallback) => {
        const at = place(slot, 4)
        return at === null ? fallback : buffer.readInt32(at)
      },
      long: (slot) => {
        const at = place(slot, 8)
        return at === null ? 0 : Number(buffer.readUint64(at))
      },
      float: (slot) => {
        const at = place(slot, 4)
        return at === null ? 0 : buffer.readFloat32(at)
      },
      text: (slot) => {
        const at = indirect(slot)
        if (at === null) return null
        const length = buffer.readUint32(at)
        return Buffer.from(bytes.subarray(within(at + 4, length), at + 4 + length)).toString('utf8')
      },
      table: (slot) => {
        const at = indirect(slot)
        return at === null ? null : tableAt(at)
      },
      tables: (slot) => vector(slot, 4, (at) => tableAt(at + buffer.readUint32(at))),
      ints: (slot) => vector(slot, 4, (at) => buffer.readInt32(at)),
      longs: (slot) => vector(slot, 8, (at) => Number(buffer.readInt64(at))),
      floats: (slot) => vector(slot, 4, (at) => buffer.readFloat32(at)),
      bytes: (slot) => {
        const at = indirect(slot)
        if (at === null) return new Uint8Array(0)
        const length = buffer.readUint32(at)
        return bytes.subarray(within(at + 4, length), at + 4 + length)
      }
    }
  }

  return { root: () => tableAt(buffer.readUint32(within(0, 4))) }
}
