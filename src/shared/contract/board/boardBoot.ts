import { z } from 'zod'
import { boardDescriptionSchema, fieldOriginsSchema } from './boardDescription'
import { fileSourceSchema } from './boardFiles'
import { command } from '../framework/define'

/** How the monitor is carried to a board in its boot loader; `auto` finds out which loader that is. */
export const bootLoaderNameSchema = z.enum(['auto', 'sfl', 'ymodem', 'xmodem', 'kermit', 'esp', 'stm', 'wch'])

/** Loader that a monitor is brought over. */
export type BootLoaderName = z.infer<typeof bootLoaderNameSchema>

export const boardBootCommands = {
  /**
   * Makes a board in its boot loader (LiteX BIOS, U-Boot, the ROM of an ESP32-C3 or C6, of a GD32VF103 or of a CH32V307) a Bitbench board: finds the loader, carries the monitor that fits, starts
   * and identifies it. A Job; the line is opened first where it is not. Its end stands among `board.loads`.
   */
  'board.boot': command(
    z.object({
      id: z.string().min(1),
      loader: bootLoaderNameSchema.default('auto'),
      /**
       * What describes the board: csr.csv, csr.json or soc.json of a LiteX SoC, a device tree (blob or text), or a description as
       * JSON. Null: what is kept with the board (`board.saveDescription`), else the virtual LiteX SoC's own, else the device tree
       * that is read at U-Boot.
       */
      description: fileSourceSchema.nullable().default(null)
    }),
    z.object({ jobId: z.string() })
  ),
  /** The description of a board from a file of any of these kinds, or a shipped one by name. */
  'board.describe': command(
    z.object({
      file: fileSourceSchema.nullable().default(null),
      name: z.string().nullable().default(null)
    }),
    z.object({ description: boardDescriptionSchema, origins: fieldOriginsSchema })
  ),
  /** The description that is kept with a board; null where none is. */
  'board.description': command(
    z.object({ id: z.string().min(1) }),
    z.object({ description: boardDescriptionSchema.nullable() })
  ),
  /** Checks a description and keeps it with a board for `board.boot`; null forgets it. */
  'board.saveDescription': command(
    z.object({ id: z.string().min(1), description: boardDescriptionSchema.nullable() }),
    z.object({ description: boardDescriptionSchema.nullable() })
  )
}
