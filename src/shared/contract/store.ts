import { z } from 'zod'
import { command, defineContract, nothing } from './define'

/** Store: the data file everything measured and fitted is kept in. */
export const storeContract = defineContract({
  commands: {
    'store.info': command(
      nothing,
      z.object({
        file: z.string(),
        sizeBytes: z.number().nullable(),
        tables: z.array(z.object({ name: z.string(), rows: z.number() }))
      })
    )
  },
  events: {}
})
