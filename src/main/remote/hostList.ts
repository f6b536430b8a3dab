import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { gpuHostSchema, type GpuHost } from '../../shared/contract/remote'
import { AppError } from '../../shared/errors'
import { createTurns } from '../../shared/turns'
import { writeWholeFile } from '../files/replaceFile'

/** The machines with GPUs that this user has named, in a file that only the user can read (0600). */
export interface HostList {
  /** Sorted by name. @throws AppError input.invalid where the file cannot be read, which then stays as it is */
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
    try {
      return z.array(gpuHostSchema).parse(JSON.parse(await readFile(file, 'utf8')))
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
      const hint = 'Remove the file, and add the hosts again.'
      throw new AppError('input.invalid', `${file} is not readable as a list of hosts.`, hint, { cause })
    }
  }
  const write = async (hosts: GpuHost[]): Promise<GpuHost[]> => {
    hosts.sort((a, b) => (a.name < b.name ? -1 : 1))
    await writeWholeFile(file, JSON.stringify(hosts, null, 2), 0o600)
    return hosts
  }
  const turns = createTurns()
  /** One change after the other: each starts from the list that the one before it stored. */
  const change = (edit: (hosts: GpuHost[]) => GpuHost[]): Promise<GpuHost[]> =>
    turns.take(async () => write(edit(await all())))
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
    save: (host) => change((hosts) => [...hosts.filter(({ name }) => name !== host.name), host]),
    async remove(name) {
      await find(name)
      return await change((hosts) => hosts.filter((host) => host.name !== name))
    }
  }
}
