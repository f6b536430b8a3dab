import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { gpuHostSchema, type GpuHost } from '../../shared/contract/remote'
import { AppError } from '../../shared/errors'
import { writeWholeFile } from '../files/replaceFile'

/** The machines with GPUs that this user has named, in a file that only the user can read (0600). */
export interface HostList {
  all(): Promise<GpuHost[]>
  /** @throws AppError input.notFound */
  find(name: string): Promise<GpuHost>
  save(host: GpuHost): Promise<GpuHost[]>
  /** @throws AppError input.notFound */
  remove(name: string): Promise<GpuHost[]>
}

/** Keeps the list in gpuHosts.json of a data folder. */
export function createHostList(dataFolder: string): HostList {
  const file = path.join(dataFolder, 'gpuHosts.json')
  const all = async (): Promise<GpuHost[]> => {
    const text = await readFile(file, 'utf8').catch(() => null)
    if (text === null) return []
    try {
      return z.array(gpuHostSchema).parse(JSON.parse(text))
    } catch (cause) {
      const hint = 'Remove the file, and add the hosts again.'
      throw new AppError('input.invalid', `${file} is not readable as a list of hosts.`, hint, { cause })
    }
  }
  const write = async (hosts: GpuHost[]): Promise<GpuHost[]> => {
    hosts.sort((a, b) => (a.name < b.name ? -1 : 1))
    await writeWholeFile(file, JSON.stringify(hosts, null, 2), 0o600)
    return hosts
  }
  const find = async (name: string): Promise<GpuHost> => {
    const hosts = await all()
    const host = hosts.find((one) => one.name === name)
    if (host !== undefined) return host
    const known = hosts.map((one) => one.name).join(', ')
    throw new AppError(
      'input.notFound',
      `There is no GPU host "${name}".`,
      known === '' ? 'Add it: bitbench remote add NAME -- ssh HOST.' : `There are: ${known}.`
    )
  }
  return {
    all,
    find,
    save: async (host) => write([...(await all()).filter(({ name }) => name !== host.name), host]),
    async remove(name) {
      await find(name)
      return await write((await all()).filter((host) => host.name !== name))
    }
  }
}
