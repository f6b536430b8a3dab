/** What the header of an NPY file says (numpy.lib.format, versions 1 to 3). */
export interface NpyHeaderText {
  /** Kind and bytes of an element, e.g. `f4`; null for structures and other texts. */
  readonly typeCode: string | null
  readonly littleEndian: boolean
  readonly fortranOrder: boolean
  /** Sizes as they stand there, possibly no numbers; null when the header names no shape. */
  readonly shape: readonly number[] | null
  /** The shape as it is written, for messages. */
  readonly shapeText: string
}

/** The six bytes every NPY file begins with. */
export function beginsLikeNpy(head: Uint8Array): boolean {
  return head[0] === 0x93 && String.fromCharCode(...head.subarray(1, 6)) === 'NUMPY'
}

/** Reads the Python dictionary of an NPY header. */
export function parseNpyHeader(header: string): NpyHeaderText {
  const descr = /'descr'\s*:\s*'([<>|=])?([a-zA-Z]\d+)'/.exec(header)
  const shape = /'shape'\s*:\s*\(([^)]*)\)/.exec(header)
  const sizes = shape?.[1].split(',').filter((part) => part.trim() !== '')
  return {
    typeCode: descr?.[2] ?? null,
    littleEndian: descr?.[1] !== '>',
    fortranOrder: /'fortran_order'\s*:\s*True/.test(header),
    shape: sizes?.map(Number) ?? null,
    shapeText: shape?.[1] ?? ''
  }
}
