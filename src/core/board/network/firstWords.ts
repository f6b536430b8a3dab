/** Protocols that are no console, recognised by the first bytes of a connection. */
const foreign: readonly [pattern: RegExp, name: string][] = [
  [/^HTTP\/\d|^<(!doctype )?html/i, 'HTTP'],
  [/^SSH-\d/, 'SSH'],
  // A TLS record: handshake or alert, version 3.x (RFC 8446).
  [/^[\u0015\u0016]\u0003[\u0000-\u0004]/, 'TLS']
]

/** Name of the protocol that the first bytes of a connection belong to; null for a console, as far as the bytes show. */
export function foreignProtocol(first: Uint8Array): string | null {
  const text = String.fromCharCode(...first.subarray(0, 64))
  return foreign.find(([pattern]) => pattern.test(text))?.[1] ?? null
}

/** The first bytes of a connection as a sentence for a message; null when they are no text or too much of it. */
export function saidText(first: Uint8Array): string | null {
  if (first.length === 0 || first.length > 200) return null
  const text = String.fromCharCode(...first)
    .replace(/\s+/g, ' ')
    .trim()
  return /^[\x20-\x7e]+$/.test(text) ? text : null
}
