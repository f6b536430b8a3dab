import { z } from 'zod'
import { command, defineContract, nothing } from './framework/define'
import { appErrorSchema } from './job'

/** Lab: a labgrid coordinator, whose places are boards that several people share. A board of it is connected as `labgrid://PLACE`. */

export const labPlaceSchema = z.object({
  name: z.string(),
  comment: z.string(),
  tags: z.record(z.string(), z.string()),
  /** HOST/USER of its holder; null while it is free. */
  holder: z.string().nullable(),
  /** Since the last change of the place, ms, by this machine's clock; null while it is free. */
  heldMs: z.number().nullable(),
  /** free; here: a board of this Bitbench is connected; left: held under this user's name on this machine, but not by this Bitbench. */
  state: z.enum(['free', 'here', 'left', 'held']),
  reserved: z.boolean(),
  /** Its serial lines. */
  lines: z.array(
    z.object({
      name: z.string(),
      /** What it is connected as. */
      port: z.string(),
      /** Where its exporter serves it; null until the place is acquired. */
      address: z.string().nullable(),
      baudRate: z.number().nullable(),
      isAvailable: z.boolean()
    })
  )
})

/** A place of the lab, who holds it and its serial lines. */
export type LabPlaceInfo = z.infer<typeof labPlaceSchema>

export const labStatusSchema = z.object({
  /** HOST:PORT; null: none is named. */
  coordinator: z.string().nullable(),
  /** Whether the address is kept for later starts. */
  kept: z.boolean(),
  problem: appErrorSchema.nullable(),
  /** HOST/USER under which this Bitbench acquires places. */
  self: z.string(),
  places: z.array(labPlaceSchema)
})

/** The coordinator and its places. */
export type LabStatus = z.infer<typeof labStatusSchema>

export const labContract = defineContract({
  commands: {
    /** Connects only where a coordinator is named. */
    'lab.status': command(nothing, labStatusSchema),
    /** Checks a coordinator and keeps its address. */
    'lab.connect': command(z.object({ coordinator: z.string().min(1).max(300) }), labStatusSchema),
    'lab.disconnect': command(nothing, labStatusSchema),
    /** Releases a place that its holder left behind; does nothing where another one than `holder` holds it by now. */
    'lab.release': command(
      z.object({ place: z.string().min(1).max(200), holder: z.string().min(1).max(500) }),
      labStatusSchema
    )
  },
  events: {
    /** A place, a resource or the connection has changed. */
    'lab.changed': z.object({})
  }
})
