import type { ConsoleChunk } from '../../../../shared/contract/board'

/** Bytes in a row of hex. */
const rowBytes = 16

/** Turns received pieces into what is printed. */
export type ConsoleView = (piece: Pick<ConsoleChunk, 'text' | 'hex' | 'atMs'>) => string

/**
 * How a console shows what comes: as it came, or in rows of 16 bytes with where they stand in all that was received and their
 * printable characters. With timestamps, the time of day (UTC) at which its first byte came stands before every line or piece of hex.
 */
export function createConsoleView({ hex, timestamps }: { hex: boolean; timestamps: boolean }): ConsoleView {
  let received = 0
  let isLineStart = true
  const stamped = (text: string, stamp: string): string => {
    if (text === '') return ''
    const lines = text.split(/(?<=\n)/)
    const shown = lines.map((line, index) => (index > 0 || isLineStart ? stamp + line : line))
    isLineStart = text.endsWith('\n')
    return shown.join('')
  }
  return (piece) => {
    const stamp = timestamps ? `[${new Date(piece.atMs).toISOString().slice(11, 23)}] ` : ''
    if (!hex) return stamp === '' ? piece.text : stamped(piece.text, stamp)
    const bytes = Buffer.from(piece.hex, 'hex')
    const rows: string[] = []
    for (let at = 0; at < bytes.length; at += rowBytes)
      rows.push(`${stamp}${hexRow(received + at, bytes.subarray(at, at + rowBytes))}\n`)
    received += bytes.length
    return rows.join('')
  }
}

function hexRow(at: number, bytes: Uint8Array): string {
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
  const text = [...bytes]
    .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'))
    .join('')
  return `${at.toString(16).padStart(8, '0')}  ${digits.padEnd(rowBytes * 3 - 1)}  ${text}`
}
