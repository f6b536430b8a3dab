import type { Board, ConsoleChunk } from '@shared/contract/board'
import type { CommandOutput } from '@shared/contract/index'

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
      reconnects: 0,
      latencyMs: null
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
  },
  {
    ...base,
    id: '/dev/ttyUSB3',
    kind: 'serial',
    name: 'Arty, LiteX with VexRiscv',
    description: 'Digilent Digilent USB Device',
    state: 'connected',
    guess: 'FTDI FT2232: two ports, JTAG and UART of many FPGA boards (take the second)',
    port: '/dev/ttyUSB3',
    vendorId: '0403',
    productId: '6010',
    serialNumber: '210319B2C771',
    saved: true,
    origin: 'measured',
    statistics: {
      sentBytes: 1_204_992,
      receivedBytes: 32_118,
      requests: 412,
      retransmits: 31,
      crcErrors: 12,
      reconnects: 1,
      latencyMs: null
    }
  },
  {
    ...base,
    id: '/dev/ttyACM0',
    kind: 'serial',
    name: 'HiFive',
    description: 'SEGGER J-Link',
    state: 'reconnecting',
    reason: 'Lost (the port went away); it is connected again as soon as it is back.',
    port: '/dev/ttyACM0',
    serialNumber: '000979011122',
    saved: true,
    origin: 'measured'
  }
]

export const sampleTools: CommandOutput<'board.tools'> = {
  tools: [
    {
      name: 'openFPGALoader',
      purpose: 'loads bitstreams into FPGAs',
      path: '/usr/bin/openFPGALoader',
      version: '0.10.0',
      hint: 'Debian: apt install openfpgaloader'
    },
    {
      name: 'openocd',
      purpose: 'loads programs over JTAG adapters',
      path: null,
      version: null,
      hint: 'Debian: apt install openocd'
    },
    {
      name: 'gdb-multiarch',
      purpose: 'loads programs through a GDB server (OpenOCD, QEMU, a probe)',
      path: '/usr/bin/gdb-multiarch',
      version: '13.1',
      hint: 'Debian: apt install gdb-multiarch'
    }
  ],
  fpgaBoards: [
    { name: 'arty_a7_35t', cable: 'digilent' },
    { name: 'ulx3s', cable: 'ft231X' }
  ],
  fpgaCables: ['digilent', 'ft2232', 'ft231X'],
  debugScripts: []
}

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

export const sampleLoads: CommandOutput<'board.loads'>['loads'] = [
  {
    jobId: 'l1',
    boardId: 'virtual:small',
    fileName: 'demo.elf',
    loader: 'monitor',
    sizeBytes: 45_632,
    durationMs: 412,
    bytesPerSecond: 110_757,
    crc32: 0x1234abcd,
    result: 'returned 0 after 1204992 cycles'
  }
]
