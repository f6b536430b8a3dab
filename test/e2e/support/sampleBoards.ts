import type { Board, ConsoleChunk } from '@shared/contract/board'

const settings = { baudRate: 115_200, dtr: 'leave', rts: 'leave', reconnect: true } as const
const base: Omit<Board, 'id' | 'kind' | 'name' | 'description' | 'state'> = {
  reason: null,
  port: null,
  vendorId: null,
  productId: null,
  serialNumber: null,
  guess: null,
  saved: false,
  settings,
  info: null,
  unit: 'cycles',
  origin: 'simulated',
  leasedBy: null,
  statistics: null
}

export const sampleBoards: Board[] = [
  {
    ...base,
    id: 'virtual:small',
    kind: 'virtual',
    name: 'Virtual board, small',
    description: 'No data cache, iterative multiplier',
    state: 'connected',
    leasedBy: 'profile campaign',
    statistics: {
      sentBytes: 182_400,
      receivedBytes: 96_112,
      requests: 1204,
      retransmits: 2,
      crcErrors: 1,
      reconnects: 0
    },
    info: {
      protocolVersion: 1,
      window: 4,
      counters: { cycles: true, instructions: true },
      clockHz: 50_000_000,
      ram: { low: 0x80010000, high: 0x80100000 },
      buildId: 0x8fe01c3a,
      vendorId: 0xbb,
      architectureId: 0,
      implementationId: 0,
      xlen: 32,
      isa: 'rv32imac_zicsr',
      coreName: 'virtual-small',
      buildText: 'bitbench monitor 1',
      kernels: [8, 4, 2, 1].flatMap((activationBits) =>
        [8, 4, 2, 1].map((weightBits) => ({
          kernel: 'matmul' as const,
          activationBits,
          weightBits,
          weightLayout: 1,
          variant: 'rv32im' as const,
          rowsMax: 8,
          scratch: { fixedBytes: 0, bytesPerInput: 4, bytesPerOutput: 0 }
        }))
      )
    }
  },
  {
    ...base,
    id: 'virtual:mid',
    kind: 'virtual',
    name: 'Virtual board, mid',
    description: 'Small caches, pipelined multiplier',
    state: 'available'
  },
  {
    ...base,
    id: 'virtual:high',
    kind: 'virtual',
    name: 'Virtual board, high',
    description: 'Caches, single-cycle multiply',
    state: 'available'
  },
  {
    ...base,
    id: 'qemu',
    kind: 'qemu',
    name: 'QEMU virt',
    description: 'qemu-system-riscv32 7.2.22',
    state: 'available',
    unit: 'instructions'
  },
  {
    ...base,
    id: '/dev/ttyUSB0',
    kind: 'serial',
    name: '/dev/serial/by-id/usb-Digilent_USB_Device_210319B2B1C4-if01-port0',
    description: 'FTDI FT2232H, Digilent Arty A7-35T',
    state: 'unavailable',
    reason: 'The port is in use by picocom (process 4711). Close it, then connect.',
    guess: 'FTDI USB-serial: likely an FPGA board',
    port: '/dev/ttyUSB0',
    serialNumber: '210319B2B1C4',
    saved: true,
    origin: 'measured'
  }
]

const hexOf = (text: string): string => Buffer.from(text).toString('hex')
const chunk = (sequence: number, direction: ConsoleChunk['direction'], text: string): ConsoleChunk => ({
  sequence,
  atMs: 1_790_000_000_000 + sequence,
  direction,
  text,
  hex: direction === 'note' ? '' : hexOf(text)
})
export const sampleConsole: ConsoleChunk[] = [
  chunk(1, 'note', 'connected'),
  chunk(2, 'received', 'Bitbench monitor 1, rv32imac_zicsr, 960 KiB free\r\nType ? for help.\r\n'),
  chunk(3, 'sent', '?\r'),
  chunk(4, 'received', 'commands: hello load read crc run bench echo reset\r\n')
]
