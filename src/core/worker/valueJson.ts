import { AppError } from '../../shared/errors'

/**
 * Values of tasks as JSON text that gives back exactly what was written: JSON alone turns NaN and infinity into null and
 * bytes into objects. `{"$number":"NaN"}` and `{"$bytes":"base64"}` stand for them.
 */
interface Bytes {
  encode(bytes: Uint8Array): string
  decode(text: string): Uint8Array
}

const specials = new Map<string, number>([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['-0', -0]
])

function nameOfSpecial(value: number): string | null {
  if (Object.is(value, -0)) return '-0'
  return Number.isFinite(value) ? null : String(value)
}

/**
 * A plain value (objects, arrays, texts, numbers, booleans, null, Uint8Array) as text, keys in alphabetical order, so
 * that equal values give equal texts. Absent and undefined fields are the same.
 * @throws TypeError for anything else
 */
export function writeValue(value: unknown, bytes: Bytes): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') {
    const special = nameOfSpecial(value)
    return special === null ? JSON.stringify(value) : `{"$number":"${special}"}`
  }
  if (value instanceof Uint8Array) return `{"$bytes":${JSON.stringify(bytes.encode(value))}}`
  if (Array.isArray(value)) return `[${value.map((entry) => writeValue(entry, bytes)).join(',')}]`
  if (typeof value !== 'object' || !isPlain(value))
    throw new TypeError('This value cannot be written as JSON.')
  const fields = Object.entries(value)
    .filter(([, entry]) => entry !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
  if (fields.some(([name]) => name.startsWith('$')))
    throw new TypeError('A field name that begins with "$" cannot be written.')
  return `{${fields.map(([name, entry]) => `${JSON.stringify(name)}:${writeValue(entry, bytes)}`).join(',')}}`
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** The value of a text of writeValue. @throws AppError queue.invalid */
export function readValue(text: string, bytes: Bytes): unknown {
  try {
    return revived(JSON.parse(text), bytes)
  } catch (cause) {
    throw new AppError(
      'queue.invalid',
      'A value from the queue server is not readable.',
      'Check that nothing else writes under the prefix "bitbench" of this server.',
      { cause }
    )
  }
}

function revived(value: unknown, bytes: Bytes): unknown {
  if (Array.isArray(value)) return value.map((entry) => revived(entry, bytes))
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value)
  const [first] = fields
  if (fields.length === 1 && first[0] === '$bytes') return bytes.decode(String(first[1]))
  if (fields.length === 1 && first[0] === '$number') {
    const special = specials.get(String(first[1]))
    if (special === undefined) throw new TypeError(`There is no number "${String(first[1])}".`)
    return special
  }
  return Object.fromEntries(fields.map(([name, entry]) => [name, revived(entry, bytes)]))
}
