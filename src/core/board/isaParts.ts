/** Parts of an ISA string, in small letters. */
export interface IsaParts {
  /** e.g. "rv32imac". */
  base: string
  /** Single letters behind rv32 or rv64. */
  letters: string
  /** e.g. ["zicsr", "zbb"]. */
  extensions: string[]
}

/** Splits an ISA string as `hello`, a description or a data sheet writes it, e.g. "rv32imac_zicsr_zbb". */
export function splitIsa(isa: string): IsaParts {
  const [base = '', ...extensions] = isa.toLowerCase().split('_')
  return { base, letters: base.slice(4), extensions }
}
