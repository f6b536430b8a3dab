import type { RunOrigin } from '../contract/remote'

/** How a host's clock stands to this machine's: "+12.3 ms (within 0.6 ms)". */
export function clockText({ offsetMs, uncertaintyMs }: RunOrigin['clock']): string {
  if (offsetMs === null || uncertaintyMs === null) return 'not compared'
  const sign = offsetMs < 0 ? '−' : '+'
  return `${sign}${Math.abs(offsetMs).toFixed(1)} ms (within ${uncertaintyMs.toFixed(1)} ms)`
}

/** Where a run was made: host, machine, driver, clock. */
export function originText({ host, machine, driver, clock, restarts }: RunOrigin): string {
  return [
    host === machine ? host : `${host} (${machine})`,
    ...(driver === null ? [] : [`driver ${driver}`]),
    ...(clock.offsetMs === null ? [] : [`clock ${clockText(clock)}`]),
    ...(restarts === 0 ? [] : [`begun ${restarts + 1} times`])
  ].join(', ')
}
