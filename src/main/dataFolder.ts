import { homedir } from 'node:os'
import path from 'node:path'

/** Where the data file lies unless --data or BITBENCH_DATA says otherwise: the platform's place for application data. */
export function defaultDataFolder(): string {
  const override = process.env['BITBENCH_DATA']
  if (override !== undefined && override !== '') return path.resolve(override)
  const home = homedir()
  if (process.platform === 'darwin')
    return path.join(home, 'Library', 'Application Support', 'Bitbench', 'data')
  if (process.platform === 'win32') {
    return path.join(process.env['APPDATA'] ?? path.join(home, 'AppData', 'Roaming'), 'Bitbench', 'data')
  }
  return path.join(process.env['XDG_DATA_HOME'] ?? path.join(home, '.local', 'share'), 'bitbench')
}
