import { formatHex32 } from '../../../shared/units'

/** Small pieces of C text. */

/** A C identifier made of a layer's name; digits and letters stay. */
export function identifier(name: string): string {
  const clean = name.replaceAll(/[^A-Za-z0-9]+/g, '_').replaceAll(/^_+|_+$/g, '')
  return clean === '' || /^\d/.test(clean) ? `layer_${clean}` : clean
}

/** Text that cannot end a C comment early. */
export function commentText(text: string): string {
  return text.replaceAll('*/', '* /').replaceAll(/[^\x20-\x7e]/g, '?')
}

const lineWidth = 110

/** Values in lines of at most 110 columns, indented by four. */
function wrapped(values: readonly string[]): string {
  const lines: string[] = []
  let line = '   '
  for (const value of values) {
    if (line.length + value.length + 2 > lineWidth) {
      lines.push(line)
      line = '   '
    }
    line += ` ${value},`
  }
  lines.push(line)
  return lines.join('\n')
}

/** Returns the C definition of a constant array. */
export function arrayOf(type: string, name: string, values: readonly string[]): string {
  return `const ${type} ${name}[${values.length}] = {\n${wrapped(values)}\n};\n`
}

/** INT32_MIN has no literal of its own in C. */
export const int32Literal = (value: number): string =>
  value === -2147483648 ? '(-2147483647 - 1)' : String(value)

/** Bytes as little-endian 32-bit words; the last one is filled up with zero bytes. */
export function words(bytes: Uint8Array): string[] {
  const text: string[] = []
  for (let at = 0; at < bytes.length; at += 4) {
    let word = 0
    for (let i = 0; i < 4; i++) word |= (bytes[at + i] ?? 0) << (8 * i)
    text.push(formatHex32(word))
  }
  return text
}
