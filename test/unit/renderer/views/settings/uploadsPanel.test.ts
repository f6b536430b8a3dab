// @vitest-environment happy-dom
import { afterEach, expect, it } from 'vitest'
import { AppError } from '@shared/errors'
import UploadsPanel from '@renderer/views/settings/UploadsPanel.vue'
import { mountView, settle, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

let view: Mounted<Record<string, never>>
afterEach(() => view.unmount())

it('deletes what browsers sent, and shows what is left', async () => {
  let files = 2
  withClient({
    'file.uploads': () => ({
      files,
      sizeBytes: files * 1024,
      maxFileBytes: 1024 ** 3,
      maxTotalBytes: 2 * 1024 ** 3
    }),
    'file.clearUploads': () => {
      const deleted = files
      files = 0
      return { deleted }
    }
  })
  view = mountView(UploadsPanel, {})
  await settle()
  expect(view.text()).toContain('Browsers sent 2 files (2 KiB)')
  expect(view.text()).toContain('at most 1 GiB each and 2 GiB together')
  view.button('Delete sent files').click()
  await settle()
  expect(view.text()).toContain('Browsers sent 0 files')
  expect(view.button('Delete sent files').disabled).toBe(true)
})

it('offers to try again when the host cannot say what it holds', async () => {
  let calls = 0
  withClient({
    'file.uploads': () => {
      calls++
      throw new AppError('store.failed', 'The folder cannot be read.', 'Look at its permissions.')
    }
  })
  view = mountView(UploadsPanel, {})
  await settle()
  expect(view.text()).toContain('The folder cannot be read.')
  view.button('Try again').click()
  await settle()
  expect(calls).toBe(2)
})

it('has nothing to forget where no file was opened', async () => {
  withClient({})
  view = mountView(UploadsPanel, {})
  await settle()
  expect(view.button('Forget 0 files opened before').disabled).toBe(true)
})
