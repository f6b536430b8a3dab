import { z } from 'zod'
import { fileSourceSchema, loaderNameSchema } from './boardFiles'
import { command, nothing } from '../framework/define'

/**
 * Board, by way of other people's programs: bitstreams with openFPGALoader, programs over JTAG with OpenOCD or through
 * any GDB server. Their results are listed by `board.loads`.
 */
export const boardToolSchema = z.object({
  name: z.enum(['openFPGALoader', 'openocd', 'gdb-multiarch']),
  purpose: z.string(),
  path: z.string().nullable(),
  version: z.string().nullable(),
  /** How to get it, when it is absent. */
  hint: z.string()
})

/** A program that loads boards, and whether it is installed. */
export type BoardTool = z.infer<typeof boardToolSchema>

/** `host:port` without anything that an option or a command language could take for its own. */
export const serverSchema = z
  .string()
  .regex(/^[\w.-]+:\d{1,5}$/, 'Give host:port, e.g. 127.0.0.1:3333')
  .refine((text) => !text.startsWith('-'), 'A host does not begin with a dash')

/** A name of a board or cable as openFPGALoader lists it. */
const toolNameSchema = z.string().regex(/^\w[\w.-]*$/, 'One of the names that openFPGALoader lists')

export const fpgaTargetSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('board'), name: toolNameSchema }),
  z.object({
    kind: z.literal('cable'),
    name: toolNameSchema,
    /** USB serial number of one of several equal cables. */
    serial: toolNameSchema.nullable().default(null)
  }),
  /** A Xilinx Virtual Cable server. */
  z.object({ kind: z.literal('xvc'), server: serverSchema })
])

/** FPGA board or cable for a bitstream. */
export type FpgaTarget = z.infer<typeof fpgaTargetSchema>

export const debugRouteSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('gdb'), server: serverSchema }),
  z.object({
    kind: z.literal('openocd'),
    /** Scripts in order: `board/NAME.cfg`, or `interface/NAME.cfg` and `target/NAME.cfg`, or full paths. */
    configs: z.array(z.string().min(1).max(1000)).min(1).max(8),
    reset: z.boolean().default(false),
    /** The program goes into flash that the configuration knows: what it touches is erased first, and a start is a reset. */
    flash: z.boolean().default(false)
  })
])

/** Way of a load through a debugger. */
export type DebugRoute = z.infer<typeof debugRouteSchema>

const addressSchema = z.number().int().min(0).max(0xffff_ffff).nullable().default(null)

export const boardToolCommands = {
  /** What is installed, and the boards, cables and scripts it knows. */
  'board.tools': command(
    nothing,
    z.object({
      tools: z.array(boardToolSchema),
      fpgaBoards: z.array(z.object({ name: z.string(), cable: z.string().nullable() })),
      fpgaCables: z.array(z.string()),
      debugScripts: z.array(z.string())
    })
  ),
  /** Chips in the JTAG chain behind a cable. */
  'board.detectFpga': command(
    z.object({ target: fpgaTargetSchema }),
    z.object({
      devices: z.array(
        z.object({ idcode: z.number(), manufacturer: z.string(), family: z.string(), model: z.string() })
      )
    })
  ),
  /**
   * Configures an FPGA: a Job. With `then` a loader carries a program over the line of board `id` as soon as the new
   * design runs; the line is open and leased the whole time, so that the boot loader's first output is received.
   */
  'board.bitstream': command(
    z
      .object({
        file: fileSourceSchema,
        target: fpgaTargetSchema,
        memory: z.enum(['sram', 'flash']).default('sram'),
        /** Exact FPGA part, where writing its flash needs it, e.g. xc7a35tcsg324. */
        part: toolNameSchema.nullable().default(null),
        /** The board whose line the new design speaks on; null when it has none. */
        id: z.string().min(1).nullable().default(null),
        then: z
          .object({
            file: fileSourceSchema,
            loader: loaderNameSchema.default('sfl'),
            address: addressSchema,
            start: z.boolean().default(true)
          })
          .nullable()
          .default(null)
      })
      .refine(({ id, then }) => then === null || id !== null, {
        message: 'A program that follows needs a board to carry it to.',
        path: ['id']
      }),
    z.object({ jobId: z.string() })
  ),
  /** Writes a program through a debug probe or GDB server, compares it, and starts it: a Job. */
  'board.debugLoad': command(
    z.object({
      route: debugRouteSchema,
      file: fileSourceSchema,
      /** Where a flat binary goes. */
      address: addressSchema,
      start: z.boolean().default(true),
      /** The board on whose line the program will speak: identified with hello after the start. */
      id: z.string().min(1).nullable().default(null)
    }),
    z.object({ jobId: z.string() })
  )
} as const
