import type { Link } from './link'

/** Modem lines after opening; `leave` touches neither (many boards reset on a change). */
export interface ModemLines {
  dtr?: 'leave' | 'on' | 'off'
  rts?: 'leave' | 'on' | 'off'
}

/** Sets the modem lines that are not left as they are. */
export async function setModemLines(link: Link, { dtr = 'leave', rts = 'leave' }: ModemLines): Promise<void> {
  if (dtr === 'leave' && rts === 'leave') return
  await link.setSignals({
    ...(dtr === 'leave' ? {} : { dtr: dtr === 'on' }),
    ...(rts === 'leave' ? {} : { rts: rts === 'on' })
  })
}
