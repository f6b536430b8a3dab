import { z } from 'zod'
import { fileSourceSchema } from './boardFiles'
import { command } from '../framework/define'

/** How the monitor is carried to a board in its boot loader; `auto` finds out which loader that is. */
export const bootLoaderNameSchema = z.enum(['auto', 'sfl', 'ymodem', 'xmodem'])

/** Loader that a monitor is brought over. */
export type BootLoaderName = z.infer<typeof bootLoaderNameSchema>

export const boardBootCommands = {
  /**
   * Makes a board in its boot loader (LiteX BIOS, U-Boot) a Bitbench board: finds the loader, carries the monitor that fits, starts
   * and identifies it. A Job; the line is opened first where it is not. Its end stands among `board.loads`.
   */
  'board.boot': command(
    z.object({
      id: z.string().min(1),
      loader: bootLoaderNameSchema.default('auto'),
      /** csr.csv or csr.json of a LiteX SoC; null for other boards and for the virtual LiteX SoC. */
      soc: fileSourceSchema.nullable().default(null)
    }),
    z.object({ jobId: z.string() })
  )
}
