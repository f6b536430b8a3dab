import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { settingsSchema, type Settings, type SettingsPatch } from '../../shared/contract/app'

/** Settings in a small JSON file beside the data file; unreadable ones fall back to defaults, never to a crash. */
export interface SettingsFile {
  get(): Settings
  save(patch: SettingsPatch): Promise<Settings>
}

/** Reads the settings of a data folder; a file that cannot be read is logged and the defaults count. */
export async function openSettings(dataFolder: string, log: (line: string) => void): Promise<SettingsFile> {
  const file = path.join(dataFolder, 'settings.json')
  let settings = await read(file, log)
  return {
    get: () => settings,
    async save(patch) {
      settings = settingsSchema.parse({ ...settings, ...patch })
      await mkdir(dataFolder, { recursive: true })
      // Written beside and renamed, so that a crash leaves the old file or the new one, never half of one.
      await writeFile(`${file}.new`, JSON.stringify(settings, null, 2))
      await rename(`${file}.new`, file)
      return settings
    }
  }
}

async function read(file: string, log: (line: string) => void): Promise<Settings> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return settingsSchema.parse({})
  try {
    return settingsSchema.parse(JSON.parse(text))
  } catch {
    log(`${file} is not readable as settings; defaults are used. Saving settings replaces it.`)
    return settingsSchema.parse({})
  }
}
