import { AppError } from '@shared/errors'
import type { BoardDescription } from '@shared/contract/board/boardDescription'
import { placeSupervisorMonitor } from '../supervisorMonitor'
import { monitorImages } from './monitorImages'
import { banksOf, cellsOf, type DeviceNode, nodeAt, registersOf, textsOf } from './deviceTree'

/** UARTs by the names of their bindings. */
const uartBindings = new Map<string, BoardDescription['uart']['kind']>([
  ['ns16550a', 'ns16550'],
  ['ns16550', 'ns16550'],
  ['snps,dw-apb-uart', 'ns16550'],
  ['sifive,uart0', 'sifive'],
  ['litex,liteuart', 'litex']
])

const loaders = { litex: 'sfl', supervisor: 'uboot', machine: 'none' } as const

/**
 * The description of a board from its device tree: the console's UART, the first bank of RAM below 4 GiB, the first core. A
 * 64-bit core is described for supervisor mode, a 32-bit one for machine mode, a LiteX UART for LiteX's monitor.
 *
 * @throws input.unsupported where the console is a UART that no monitor drives; input.invalid without console,
 *   RAM or core
 */
export function describeDeviceTree(root: DeviceNode): BoardDescription {
  const uart = consoleOf(root)
  const core = coreOf(root)
  const isa = core === null ? null : plainIsa(core)
  const monitor =
    uart.kind === 'litex' ? 'litex' : isa?.startsWith('rv32') === true ? 'machine' : 'supervisor'
  const { counts } = monitorImages[monitor]
  return {
    name: textsOf(root, 'model')[0]?.slice(0, 80) || null,
    isa,
    clockHz: clockOf(core),
    uart,
    ram: monitor === 'supervisor' ? placeOf(root) : ramOf(root),
    flash: null,
    counter: { kind: counts.cycles },
    instructions: counts.instructions,
    machineCsrs: true,
    startWrites: [],
    loader: loaders[monitor],
    resetLines: 'none',
    monitor
  }
}

function consoleOf(root: DeviceNode): BoardDescription['uart'] {
  const chosen = nodeAt(root, '/chosen')
  // Options may follow: "serial0:115200n8".
  const path = (chosen === null ? undefined : textsOf(chosen, 'stdout-path')[0])?.split(':')[0]
  if (path === undefined || path === '')
    throw invalid(
      'This device tree names no console (/chosen has no stdout-path).',
      'Give the tree that U-Boot runs with (`fdt addr ${fdtcontroladdr}`), or a description file with the UART.'
    )
  const node = nodeAt(root, path)
  const registers = node === null ? null : registersOf(node)
  if (node === null || registers === null)
    throw invalid(
      `The console ${path} has no node with an address in this device tree.`,
      'Check stdout-path.'
    )
  const compatible = textsOf(node, 'compatible')
  const kind = compatible.map((name) => uartBindings.get(name)).find((one) => one !== undefined)
  if (kind === undefined)
    throw new AppError(
      'input.unsupported',
      `The console ${path} is a UART of kind ${compatible.join(', ') || 'unknown'}, which no monitor drives.`,
      'NS16550A, DW_apb_uart, SiFive and LiteX UARTs are known.'
    )
  const base = registers.base + (cellsOf(node, 'reg-offset')[0] ?? 0)
  if (kind !== 'ns16550') return { kind, base, stride: 4, widthBytes: 4 }
  const widthBytes = cellsOf(node, 'reg-io-width')[0] === 4 ? 4 : 1
  return { kind, base, stride: 2 ** (cellsOf(node, 'reg-shift')[0] ?? 0), widthBytes }
}

function ramOf(root: DeviceNode): BoardDescription['ram'] {
  const banks = memoryNodes(root)
    .flatMap(banksOf)
    .filter((bank) => bank.sizeBytes > 0 && bank.base < 2 ** 32 - 0x1000)
  const [first] = banks.sort((a, b) => a.base - b.base)
  if (first === undefined)
    throw invalid(
      'This device tree has no RAM below 4 GiB (no node memory).',
      'Give a description file with the RAM.'
    )
  return first
}

/** RAM that neither the firmware below nor what the tree reserves takes. */
function placeOf(root: DeviceNode): BoardDescription['ram'] {
  const ranges = (nodes: DeviceNode[]): { start: number; end: number }[] =>
    nodes.flatMap(banksOf).map(({ base, sizeBytes }) => ({ start: base, end: base + sizeBytes }))
  const reserved = ranges(nodeAt(root, '/reserved-memory')?.children ?? [])
  const { start, end } = placeSupervisorMonitor({ banks: ranges(memoryNodes(root)), reserved })
  return { base: start, sizeBytes: end - start }
}

const memoryNodes = (root: DeviceNode): DeviceNode[] =>
  root.children.filter(
    (node) => textsOf(node, 'device_type')[0] === 'memory' || /^memory(@|$)/.test(node.name)
  )

/** The first core that is not switched off and has an ISA string; the first at all otherwise. */
function coreOf(root: DeviceNode): DeviceNode | null {
  const cores = nodeAt(root, '/cpus')?.children.filter((node) => /^cpu(@|$)/.test(node.name)) ?? []
  const active = cores.filter((node) => textsOf(node, 'status')[0] !== 'disabled')
  return active.find((node) => textsOf(node, 'riscv,isa').length > 0) ?? active[0] ?? null
}

/** The ISA string in lower case, e.g. "rv64imafdch_zicsr_zba"; null where the core has none or it has another form. */
function plainIsa(core: DeviceNode): string | null {
  const isa = textsOf(core, 'riscv,isa')[0]?.toLowerCase()
  return isa !== undefined && /^rv(32|64)[a-z0-9_]*$/.test(isa) ? isa : null
}

function clockOf(core: DeviceNode | null): number | null {
  const frequencyOf = (node: DeviceNode | null | undefined): number | undefined =>
    node == null ? undefined : cellsOf(node, 'clock-frequency').at(-1)
  return (frequencyOf(core) ?? frequencyOf(core?.parent) ?? 0) || null
}

const invalid = (message: string, hint: string): AppError => new AppError('input.invalid', message, hint)
