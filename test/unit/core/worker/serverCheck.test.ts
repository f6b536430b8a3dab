import { describe, expect, it } from 'vitest'
import { serverFaults } from '@core/worker/serverCheck'

const info = (fields: Record<string, string>): string =>
  ['# Server', ...Object.entries(fields).map(([name, value]) => `${name}:${value}`), ''].join('\r\n')
const good = { redis_version: '7.0.15', aof_enabled: '1', maxmemory_policy: 'noeviction' }

describe('settings of the queue server', () => {
  it('takes a server that keeps its jobs', () => {
    expect(serverFaults(info(good))).toEqual([])
    expect(serverFaults(info({ ...good, redis_version: '6.2.0' }))).toEqual([])
  })

  it('names each setting that loses jobs, with the command that mends it', () => {
    const remedies = (change: Partial<typeof good>) =>
      serverFaults(info({ ...good, ...change })).map(({ remedy }) => remedy)
    expect(remedies({ aof_enabled: '0' })).toEqual(['redis-cli CONFIG SET appendonly yes'])
    expect(remedies({ maxmemory_policy: 'volatile-lru' })).toEqual([
      'redis-cli CONFIG SET maxmemory-policy noeviction'
    ])
    expect(remedies({ redis_version: '6.0.16' })).toEqual(['Install Redis 6.2 or newer.'])
    expect(remedies({ redis_version: '10.1.0' })).toEqual([])
  })

  it('refuses a server that says nothing of its settings', () => {
    expect(serverFaults('')).toHaveLength(3)
  })
})
