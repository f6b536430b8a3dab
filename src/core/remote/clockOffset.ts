/** One exchange: when it was sent and when the reply came by this clock, and what the far clock showed between; ms. */
export interface ClockExchange {
  sentMs: number
  farMs: number
  receivedMs: number
}

/** How far another machine's clock is ahead of this one, ms; the true offset lies within `uncertaintyMs` around it. */
export interface ClockOffset {
  offsetMs: number
  uncertaintyMs: number
}

/**
 * The offset of a far clock from the exchange with the shortest round trip (as NTP's clock filter, RFC 5905 section 10): the
 * far clock was read at some time within it, so half of the round trip bounds the error whatever the two ways took.
 * Null without an exchange that makes sense.
 *
 * @param stepMs both clocks show whole steps of this length, rounded down: the round trip may be one step longer than shown,
 * and the three readings are early by up to one step each
 */
export function clockOffsetOf(exchanges: readonly ClockExchange[], stepMs = 1): ClockOffset | null {
  let best: ClockOffset | null = null
  for (const { sentMs, farMs, receivedMs } of exchanges) {
    const uncertaintyMs = (receivedMs - sentMs + stepMs) / 2 + stepMs
    if (!Number.isFinite(farMs) || !(receivedMs >= sentMs)) continue
    if (best !== null && best.uncertaintyMs <= uncertaintyMs) continue
    best = { offsetMs: farMs - (sentMs + receivedMs) / 2, uncertaintyMs }
  }
  return best
}
