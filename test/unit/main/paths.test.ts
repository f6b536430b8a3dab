import { describe, expect, it } from 'vitest'
import { installFolder, onDisk, resourcePath } from '@main/paths'

describe('files of this copy', () => {
  it('stay where they are outside a packaged window', () => {
    expect(resourcePath('models')).toBe(`${installFolder}/resources/models`)
    expect(onDisk('/home/a/my.app.asar/x')).toBe('/home/a/my.app.asar/x')
  })

  it('lie beside the archive of a packaged window, where other programs can read them', () => {
    expect(onDisk('/opt/Bitbench/resources/app.asar/resources/firmware/a.elf')).toBe(
      '/opt/Bitbench/resources/app.asar.unpacked/resources/firmware/a.elf'
    )
    expect(onDisk('C:\\Bitbench\\resources\\app.asar\\x.ttf')).toBe(
      'C:\\Bitbench\\resources\\app.asar.unpacked\\x.ttf'
    )
    expect(onDisk('/opt/resources/app.asar.unpacked/x')).toBe('/opt/resources/app.asar.unpacked/x')
  })
})
