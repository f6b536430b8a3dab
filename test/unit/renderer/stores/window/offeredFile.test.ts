// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from 'vitest'
import { defineComponent, h, nextTick } from 'vue'
import { useFiles } from '@renderer/stores/file'
import { useOffered } from '@renderer/stores/window/offeredFile'
import { mountView } from '../../mountView'
import { withClient } from '../withClient'

afterEach(() => vi.restoreAllMocks())

it('hands over a file of its kind once, and brings the form that takes it into sight', async () => {
  withClient({})
  const scrolled = vi.spyOn(Element.prototype, 'scrollIntoView').mockImplementation(() => undefined)
  const taken: string[] = []
  const form = defineComponent({
    setup() {
      useOffered(['program'], ({ name }) => taken.push(name))
      return () => h('form')
    }
  })
  const view = mountView(form, {})
  const file = { path: '/a', name: 'a.elf', isFolder: false, isElf: true, sizeBytes: 1 }
  const files = useFiles()
  files.offered = { ...file, kind: 'bitstream' }
  await nextTick()
  expect(scrolled).not.toHaveBeenCalled()
  files.offered = { ...file, kind: 'program' }
  await nextTick()
  await nextTick()
  expect(taken).toEqual(['a.elf'])
  expect(files.offered).toBeNull()
  expect(scrolled).toHaveBeenCalledTimes(1)
  view.unmount()
})
