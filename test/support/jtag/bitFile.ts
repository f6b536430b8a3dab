/**
 * A Xilinx .bit file for `part` (`7a35tcsg324`): head, fields a to e, sync word, then `configBytes` of pattern. Not a
 * design: only a file that programming tools take for one.
 */
export function makeBitFile(part: string, configBytes: number): Uint8Array {
  const field = (letter: string, text: string): number[] => {
    const bytes = [...new TextEncoder().encode(`${text}\0`)]
    return [letter.charCodeAt(0), bytes.length >> 8, bytes.length & 255, ...bytes]
  }
  const sync = [...new Array<number>(32).fill(0xff), 0xaa, 0x99, 0x55, 0x66]
  const size = sync.length + configBytes
  return Uint8Array.from([
    ...[0x00, 0x09, 0x0f, 0xf0, 0x0f, 0xf0, 0x0f, 0xf0, 0x0f, 0xf0, 0x00, 0x00, 0x01],
    ...field('a', 'top;UserID=0XFFFFFFFF'),
    ...field('b', part),
    ...field('c', '2026/11/21'),
    ...field('d', '12:00:00'),
    ...[0x65, size >>> 24, (size >> 16) & 255, (size >> 8) & 255, size & 255],
    ...sync,
    ...Array.from({ length: configBytes }, (_, index) => (index * 151 + 7) & 255)
  ])
}
