import { AppError } from '../../shared/errors'

/** The processor of a LiteX SoC as its description names it; null where the description does not say. */
export interface LitexCore {
  /** LiteX's own name of it, e.g. "VexRiscv_Full". */
  name: string | null
  /** e.g. "vexriscv". */
  type: string | null
  /** e.g. "full". */
  variant: string | null
  /** e.g. "rv32im"; from the type and variant where the description has no ISA, null where those do not determine it either. */
  isa: string | null
}

/** ISAs of LiteX cores whose descriptions may have none. */
const usualIsas: Readonly<Record<string, string>> = {
  rocket: 'rv64imac',
  blackparrot: 'rv64imafd',
  openc906: 'rv64imafdc',
  serv: 'rv32i',
  femtorv: 'rv32i',
  firev: 'rv32i'
}
/** Cores of LiteX that are no RISC-V at all. */
const foreign = [
  'lm32',
  'mor1kx',
  'marocchino',
  'microwatt',
  'zynq7000',
  'zynqmp',
  'cortex_m1',
  'cortex_m3',
  'gowin_emcu',
  'eos_s3'
]

/** Reads the constants `config_cpu_*` that LiteX writes into csr.csv and csr.json. */
export function readLitexCore(constants: ReadonlyMap<string, unknown>): LitexCore {
  const text = (name: string): string | null => {
    const value = constants.get(name)
    return typeof value === 'string' && value !== '' && value !== 'None' ? value : null
  }
  const suffix = (prefix: string): string | null => {
    const found = [...constants.keys()].find((name) => name.startsWith(prefix))
    return found === undefined ? null : found.slice(prefix.length)
  }
  const type = text('config_cpu_type') ?? suffix('config_cpu_type_')
  const variant = text('config_cpu_variant') ?? suffix('config_cpu_variant_')
  const isa = plainIsa(text('config_cpu_isa')) ?? knownIsa(type, variant)
  return { name: text('config_cpu_human_name'), type, variant, isa }
}

/** "rv32i2p0_m" and "rv32i2p0_mac_zicsr" as "rv32im" and "rv32imac_zicsr". */
function plainIsa(isa: string | null): string | null {
  const parts = /^(rv(?:32|64|128))([a-z0-9_]*)$/i.exec(isa ?? '')
  if (parts === null) return null
  const [first = '', ...rest] = parts[2]
    .toLowerCase()
    .replace(/\d+p\d+/g, '')
    .split('_')
  const letters = rest.filter((part) => !/^[zsx]/.test(part)).join('')
  return [`${parts[1].toLowerCase()}${first}${letters}`, ...rest.filter((part) => /^[zsx]/.test(part))].join(
    '_'
  )
}

function knownIsa(type: string | null, variant: string | null): string | null {
  if (type === null) return null
  if ((type === 'vexriscv' || type === 'picorv32') && variant === 'minimal') return 'rv32i'
  if (type === 'cva6') return variant === 'standard32' ? 'rv32imac' : 'rv64imac'
  return Object.hasOwn(usualIsas, type) ? usualIsas[type] : null
}

/**
 * Refuses a core that the monitors for LiteX (RV32IM and RV64IM) cannot run on. A core of unknown ISA is accepted.
 *
 * @throws input.unsupported
 */
export function checkLitexCore({ name, type, isa }: LitexCore): void {
  const who = name ?? type ?? 'This core'
  const hint =
    'VexRiscv, PicoRV32, Rocket and others with RV32IM or RV64IM take the monitor; build the SoC with --cpu-type and --cpu-variant for one of them.'
  if (type !== null && foreign.includes(type))
    throw new AppError('input.unsupported', `${who} is not a RISC-V core.`, hint)
  if (isa === null) return
  if (!/^rv(?:32|64)/.test(isa))
    throw new AppError(
      'input.unsupported',
      `${who} is a core of ${isa}; the monitors for LiteX are programs of 32 and 64 bits.`,
      hint
    )
  if (!/^rv\d\d[a-z]*[mg]/.test(isa))
    throw new AppError(
      'input.unsupported',
      `${who} (${isa}) cannot multiply; the kernels need the extension M.`,
      hint
    )
}
