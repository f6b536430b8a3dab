import { afterEach, expect, it, vi } from 'vitest'
import { withNodeEnv } from '../../../scripts/withNodeEnv.mjs'

const environment = async (): Promise<string | undefined> => process.env['NODE_ENV']

afterEach(() => {
  vi.unstubAllEnvs()
})

it('builds as production, and leaves no trace of it for what follows', async () => {
  vi.stubEnv('NODE_ENV', undefined)
  expect(await withNodeEnv('production', environment)).toBe('production')
  expect(await environment()).toBeUndefined()
  await expect(withNodeEnv('production', () => Promise.reject(new Error('no build')))).rejects.toThrow(
    'no build'
  )
  expect(await environment()).toBeUndefined()
})

it('keeps what is set', async () => {
  vi.stubEnv('NODE_ENV', 'development')
  expect(await withNodeEnv('production', environment)).toBe('development')
  expect(await environment()).toBe('development')
})
