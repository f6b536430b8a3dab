import { z } from 'zod'
import { kernelVariants, countUnits } from '../vocabulary'
import { boardBootCommands } from './board/boardBoot'
import { fileSourceSchema, loaderNameSchema, loadRecordSchema } from './board/boardFiles'
import { boardToolCommands } from './board/boardTools'
import { boardTwinCommands } from './board/boardTwin'
import { command, defineContract, done, nothing } from './framework/define'
import { kernelSchema } from './profile/profileShapes'

/**
 * Board: physical targets and their stand-ins. Ids: `virtual:small`, `virtual:mid`, `virtual:high`, `virtual:high-zbb`,
 * `virtual:vexriscv-full` and other measured cores, `twin:NAME`,
 * `qemu`, `qemu:zbb`, `qemu:rvv`, `rtl:plain`, `rtl:xbb` (the core of resources/rtl under Verilator), the path of a serial port (`/dev/ttyUSB0`, `COM3`), or the address of a console on
 * the network (`tcp://HOST:PORT`, `telnet://HOST:PORT`, `rfc2217://HOST:PORT`), or a place of a labgrid (`labgrid://PLACE`): a serial line too.
 */
export const boardKindSchema = z.enum(['virtual', 'qemu', 'rtl', 'serial'])

/** Kind of a board. */
export type BoardKind = z.infer<typeof boardKindSchema>

export const boardStateSchema = z.enum([
  /** Can be connected. */
  'available',
  /** Known, but cannot be connected now; `reason` says why. */
  'unavailable',
  'connecting',
  'connected',
  /** Unplugged or silent after a reset; connected again by itself when it comes back. */
  'reconnecting'
])

/** State of a board's connection. */
export type BoardState = z.infer<typeof boardStateSchema>

/** What `hello` said (src/core/board/boardInfo.ts). */
export const boardInfoSchema = z.object({
  protocolVersion: z.number(),
  window: z.number(),
  counters: z.object({ cycles: z.boolean(), instructions: z.boolean() }),
  cycleSource: z
    .object({ kind: z.enum(['csr', 'sbi', 'timer']), stepCycles: z.number(), bits: z.number().default(64) })
    .optional(),
  clockHz: z.number().nullable(),
  ram: z.object({ low: z.number(), high: z.number() }),
  flash: z.object({ low: z.number(), high: z.number() }).optional(),
  buildId: z.number(),
  vendorId: z.number(),
  architectureId: z.number(),
  implementationId: z.number(),
  xlen: z.number(),
  isa: z.string(),
  coreName: z.string(),
  buildText: z.string(),
  kernels: z.array(
    z.object({
      kernel: kernelSchema,
      activationBits: z.number(),
      weightBits: z.number(),
      weightLayout: z.number(),
      variant: z.enum(kernelVariants),
      rowsMax: z.number(),
      scratch: z.object({ fixedBytes: z.number(), bytesPerInput: z.number(), bytesPerOutput: z.number() })
    })
  )
})

/** Since the connection was opened. */
export const lineStatisticsSchema = z.object({
  sentBytes: z.number(),
  receivedBytes: z.number(),
  requests: z.number(),
  /** Requests sent again because no response came in time. */
  retransmits: z.number(),
  /** Frames thrown away because their CRC was wrong. */
  crcErrors: z.number(),
  /** Times the line was lost and found again. */
  reconnects: z.number(),
  /** Round trip to the server of a console on the network; null for every other line. */
  latencyMs: z.number().nullable()
})

/** Traffic of a line since it was opened. */
export type LineStatistics = z.infer<typeof lineStatisticsSchema>

/** How a port is opened; kept per board. */
export const portSettingsSchema = z.object({
  baudRate: z.number().int().min(50).max(12_000_000).default(115_200),
  /** Modem lines on open: many boards reset when DTR or RTS changes, so `leave` touches neither. */
  dtr: z.enum(['leave', 'on', 'off']).default('leave'),
  rts: z.enum(['leave', 'on', 'off']).default('leave'),
  /** Connect again by itself after an unplug or a reset. */
  reconnect: z.boolean().default(true)
})

/** How a serial line is opened. */
export type PortSettings = z.infer<typeof portSettingsSchema>

/** Settings to change; what is absent stays as it is (no defaults here, or they would overwrite). */
export const portSettingsChangeSchema = z.object({
  baudRate: z.number().int().min(50).max(12_000_000).optional(),
  dtr: z.enum(['leave', 'on', 'off']).optional(),
  rts: z.enum(['leave', 'on', 'off']).optional(),
  reconnect: z.boolean().optional()
})

/** Settings of a serial line to change. */
export type PortSettingsChange = z.infer<typeof portSettingsChangeSchema>

export const boardSchema = z.object({
  id: z.string(),
  kind: boardKindSchema,
  /** What the user calls it, or a readable default. */
  name: z.string(),
  /** One line below the name: vendor and product, preset, or emulator version. */
  description: z.string(),
  state: boardStateSchema,
  /** Why it is unavailable or reconnecting, and what to do. */
  reason: z.string().nullable(),
  /** Serial device path or address on the network; null for virtual boards. */
  port: z.string().nullable(),
  vendorId: z.string().nullable(),
  productId: z.string().nullable(),
  serialNumber: z.string().nullable(),
  /** What a serial port probably is, e.g. "FTDI USB-serial: likely an FPGA board". */
  guess: z.string().nullable(),
  /** Kept in the data file, listed even when absent. */
  saved: z.boolean(),
  settings: portSettingsSchema,
  info: boardInfoSchema.nullable(),
  /** `cycles` where the board counts them truly, `instructions` on QEMU. */
  unit: z.enum(countUnits),
  origin: z.enum(['measured', 'simulated']),
  /** What uses the board right now, e.g. "profile campaign"; null when free. */
  leasedBy: z.string().nullable(),
  statistics: lineStatisticsSchema.nullable()
})

/** A board with state, line and identity. */
export type Board = z.infer<typeof boardSchema>

/** A piece of console traffic. Sequence numbers count up per board. */
export const consoleChunkSchema = z.object({
  sequence: z.number(),
  atMs: z.number(),
  direction: z.enum(['received', 'sent', 'note']),
  /** The bytes as text: UTF-8, damaged sequences replaced. Notes (connected, unplugged, ...) are plain text. */
  text: z.string(),
  /** The same bytes in lower-case hex; empty for notes. */
  hex: z.string()
})

/** A piece of a console's traffic. */
export type ConsoleChunk = z.infer<typeof consoleChunkSchema>

const boardId = z.object({ id: z.string().min(1) })
const boardAnswer = z.object({ board: boardSchema })

export const boardContract = defineContract({
  commands: {
    /** Virtual boards, QEMU, serial ports and saved boards. */
    'board.list': command(nothing, z.object({ boards: z.array(boardSchema) })),
    'board.get': command(boardId, boardAnswer),
    /**
     * Opens the line and identifies the monitor. Connecting a connected board returns it as it is;
     * with other settings than its line has, a serial line is opened again. @throws board.busy while it is leased
     */
    'board.connect': command(
      boardId.extend({
        settings: portSettingsChangeSchema.optional(),
        /** False: only open the line, for a console or a boot loader on a board without a Bitbench monitor. */
        identify: z.boolean().default(true)
      }),
      boardAnswer
    ),
    'board.disconnect': command(boardId, done),
    /** Sends `hello` again. */
    'board.identify': command(boardId, boardAnswer),
    /** Times echoes of an identified board and judges its line. */
    'board.testLine': command(
      boardId,
      z.object({
        echoes: z.array(z.object({ sizeBytes: z.number(), medianMs: z.number(), lineMs: z.number() })),
        latencyMs: z.number().nullable(),
        verdict: z.object({ isGood: z.boolean(), text: z.string(), hint: z.string().nullable() })
      })
    ),
    /** Restarts the monitor and waits until it replies. */
    'board.reset': command(boardId, boardAnswer),
    /** Adds a port by path, or changes the name and settings of a board; kept in the data file. */
    'board.save': command(
      boardId.extend({
        name: z.string().max(80).optional(),
        settings: portSettingsChangeSchema.optional()
      }),
      boardAnswer
    ),
    'board.forget': command(boardId, done),
    /** Kept console traffic after a sequence number (0: all that is kept). */
    'board.console': command(
      boardId.extend({ after: z.number().int().min(0).default(0) }),
      z.object({ chunks: z.array(consoleChunkSchema), droppedChunks: z.number() })
    ),
    'board.sendText': command(boardId.extend({ text: z.string().max(4096) }), done),
    /** Sends the bytes of a file as they are, while the console shows what comes back: a Job. */
    'board.sendFile': command(
      boardId.extend({
        file: fileSourceSchema,
        /** Pause after every line end, for consoles that lose bytes while they work on a line. */
        linePauseMs: z.number().int().min(0).max(60_000).default(0)
      }),
      z.object({ jobId: z.string() })
    ),
    'board.clearConsole': command(boardId, done),
    /**
     * Carries a file to the board: a Job. An ELF brings its own addresses. Without `loader` the monitor is used on an
     * identified board. `start`: call or jump to it afterwards.
     */
    'board.load': command(
      boardId.extend({
        file: fileSourceSchema,
        loader: loaderNameSchema.default('monitor'),
        /** Where a file that is no ELF goes; such a file without an address is refused. */
        address: z.number().int().min(0).max(0xffff_ffff).nullable().default(null),
        start: z.boolean().default(false)
      }),
      z.object({ jobId: z.string() })
    ),
    /** What loads ended with, newest first. */
    'board.loads': command(nothing, z.object({ loads: z.array(loadRecordSchema) })),
    ...boardBootCommands,
    ...boardToolCommands,
    ...boardTwinCommands
  },
  events: {
    'board.changed': boardSchema,
    /** A board that is listed no longer (its port went away and it was not saved). */
    'board.removed': z.object({ id: z.string() }),
    /** Batched about every 30 ms per board. */
    'board.consoleText': z.object({ id: z.string(), chunks: z.array(consoleChunkSchema) })
  }
})
