/**
 * How long work on a board shows in its power, ms: the regulator takes a while to give back what it held, simulated boards report
 * their activity every 8 ms or so, and the readings of the meter are on their way meanwhile. A baseline that held this tail would
 * be too high, and what is net of it too low.
 */
export const workTailMs = 100
