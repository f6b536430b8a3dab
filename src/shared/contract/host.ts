import { z } from 'zod'
import { defineContract } from './framework/define'

/** Host: what a transport has to say about itself. */
export const hostContract = defineContract({
  commands: {},
  events: {
    /** This client was too slow: so many events were dropped since the last message. */
    'host.dropped': z.object({ count: z.number().int() })
  }
})
