/**
 * GDB's machine interface, output side (GDB manual, "GDB/MI Output Syntax"): result records `12^done,…`, asynchronous
 * records `*stopped,…` `=…` `+download,…`, and streams `~"…"` `@"…"` `&"…"`.
 */
export type MiValue = string | readonly MiValue[] | { readonly [name: string]: MiValue }

/** One record of gdb's machine interface (GDB/MI output syntax). */
export type MiRecord =
  | {
      kind: 'result'
      token: number | null
      /** `done`, `running`, `connected`, `error` or `exit`. */
      class: string
      values: Record<string, MiValue>
    }
  | {
      kind: 'async'
      token: number | null
      sign: '*' | '+' | '='
      class: string
      values: Record<string, MiValue>
    }
  | { kind: 'stream'; source: 'console' | 'target' | 'log'; text: string }
  | { kind: 'prompt' }

const streams = { '~': 'console', '@': 'target', '&': 'log' } as const

/** One line of output; null for a line that is none of MI's (the target's own output may mix in). */
export function parseMi(line: string): MiRecord | null {
  if (line.trim() === '(gdb)') return { kind: 'prompt' }
  const reader = createReader(line)
  const source = streams[line[0] as keyof typeof streams]
  if (source !== undefined) {
    reader.at = 1
    return line[1] === '"' ? { kind: 'stream', source, text: reader.string() } : null
  }
  const head = /^(\d*)([\^*+=])([\w-]+)/.exec(line)
  if (head === null) return null
  reader.at = head[0].length
  const token = head[1] === '' ? null : Number(head[1])
  const values = reader.rest()
  if (head[2] === '^') return { kind: 'result', token, class: head[3], values }
  return { kind: 'async', token, sign: head[2] as '*' | '+' | '=', class: head[3], values }
}

/** A C string literal as MI's commands take it. */
export function miString(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`
}

interface Reader {
  at: number
  string(): string
  rest(): Record<string, MiValue>
}

/** Recursive descent over one line; what does not parse is left out rather than guessed. */
function createReader(line: string): Reader {
  const reader: Reader = {
    at: 0,
    string() {
      let text = ''
      for (reader.at++; reader.at < line.length && line[reader.at] !== '"'; reader.at++) {
        if (line[reader.at] !== '\\') text += line[reader.at]
        else text += escape()
      }
      reader.at++
      return text
    },
    rest() {
      const values: Record<string, MiValue> = {}
      while (line[reader.at] === ',') {
        reader.at++
        // `+download,{…}` carries a tuple without a name: its fields are taken as they are.
        if (line[reader.at] === '{') Object.assign(values, value())
        else pair(values)
      }
      return values
    }
  }
  const escape = (): string => {
    const character = line[++reader.at] ?? ''
    // What is not ASCII comes as one octal escape for each byte of its UTF-8.
    const octal = /^[0-7]{3}(?:\\[0-7]{3})*/.exec(line.slice(reader.at))?.[0]
    if (octal !== undefined) {
      reader.at += octal.length - 1
      return decodeUtf8(octal.split('\\').map((digits) => Number.parseInt(digits, 8)))
    }
    return { n: '\n', t: '\t', r: '\r' }[character] ?? character
  }
  const name = (): string => {
    const found = /^[\w-]+/.exec(line.slice(reader.at))?.[0] ?? ''
    reader.at += found.length
    return found
  }
  const pair = (into: Record<string, MiValue>): void => {
    const key = name()
    if (line[reader.at] !== '=') {
      reader.at = line.length
      return
    }
    reader.at++
    into[key] = value()
  }
  const value = (): MiValue => {
    const first = line[reader.at]
    if (first === '"') return reader.string()
    if (first === '{') return tuple()
    if (first === '[') return list()
    reader.at = line.length
    return ''
  }
  const tuple = (): MiValue => {
    const values: Record<string, MiValue> = {}
    for (reader.at++; reader.at < line.length && line[reader.at] !== '}';) {
      if (line[reader.at] === ',') reader.at++
      else pair(values)
    }
    reader.at++
    return values
  }
  const list = (): MiValue => {
    const items: MiValue[] = []
    for (reader.at++; reader.at < line.length && line[reader.at] !== ']';) {
      if (line[reader.at] === ',') reader.at++
      else if (/["[{]/.test(line[reader.at])) items.push(value())
      else {
        const named: Record<string, MiValue> = {}
        pair(named)
        items.push(named)
      }
    }
    reader.at++
    return items
  }
  return reader
}

function decodeUtf8(bytes: readonly number[]): string {
  try {
    return decodeURIComponent(bytes.map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''))
  } catch {
    return String.fromCharCode(...bytes)
  }
}
