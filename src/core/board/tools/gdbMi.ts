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
  const reader = new MiReader(line)
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

/** Recursive descent over one line; what does not parse is left out rather than guessed. */
class MiReader {
  at = 0

  constructor(private readonly line: string) {}

  string(): string {
    let text = ''
    for (this.at++; this.at < this.line.length && this.line[this.at] !== '"'; this.at++) {
      if (this.line[this.at] !== '\\') text += this.line[this.at]
      else text += this.escape()
    }
    this.at++
    return text
  }

  rest(): Record<string, MiValue> {
    const values: Record<string, MiValue> = {}
    while (this.line[this.at] === ',') {
      this.at++
      // `+download,{…}` carries a tuple without a name: its fields are taken as they are.
      if (this.line[this.at] === '{') Object.assign(values, this.value())
      else this.pair(values)
    }
    return values
  }

  private escape(): string {
    const character = this.line[++this.at] ?? ''
    // What is not ASCII comes as one octal escape for each byte of its UTF-8.
    const octal = /^[0-7]{3}(?:\\[0-7]{3})*/.exec(this.line.slice(this.at))?.[0]
    if (octal !== undefined) {
      this.at += octal.length - 1
      return decodeUtf8(octal.split('\\').map((digits) => Number.parseInt(digits, 8)))
    }
    return { n: '\n', t: '\t', r: '\r' }[character] ?? character
  }

  private name(): string {
    const found = /^[\w-]+/.exec(this.line.slice(this.at))?.[0] ?? ''
    this.at += found.length
    return found
  }

  private pair(into: Record<string, MiValue>): void {
    const key = this.name()
    if (this.line[this.at] !== '=') {
      this.at = this.line.length
      return
    }
    this.at++
    into[key] = this.value()
  }

  private value(): MiValue {
    const first = this.line[this.at]
    if (first === '"') return this.string()
    if (first === '{') return this.tuple()
    if (first === '[') return this.list()
    this.at = this.line.length
    return ''
  }

  private tuple(): MiValue {
    const values: Record<string, MiValue> = {}
    for (this.at++; this.at < this.line.length && this.line[this.at] !== '}';) {
      if (this.line[this.at] === ',') this.at++
      else this.pair(values)
    }
    this.at++
    return values
  }

  private list(): MiValue {
    const items: MiValue[] = []
    for (this.at++; this.at < this.line.length && this.line[this.at] !== ']';) {
      if (this.line[this.at] === ',') this.at++
      else if (/["[{]/.test(this.line[this.at])) items.push(this.value())
      else {
        const named: Record<string, MiValue> = {}
        this.pair(named)
        items.push(named)
      }
    }
    this.at++
    return items
  }
}

function decodeUtf8(bytes: readonly number[]): string {
  try {
    return decodeURIComponent(bytes.map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''))
  } catch {
    return String.fromCharCode(...bytes)
  }
}
