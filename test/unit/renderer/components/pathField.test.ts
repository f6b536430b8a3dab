// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import PathField from '@renderer/components/fields/PathField.vue'
import { AppError } from '@shared/errors'
import { mountView, settle, type Mounted } from '../mountView'
import { withClient } from '../stores/withClient'

let mounted: Mounted<Record<string, unknown>> | undefined
afterEach(() => mounted?.unmount())

function show(props: Record<string, unknown> = {}): { value: () => string } {
  withClient({
    'file.recent': () => ({
      files: [
        { path: '/old.onnx', kind: 'network', openedAtMs: 1 },
        { path: '/old.csv', kind: 'recording', openedAtMs: 1 }
      ]
    }),
    'file.uploads': () => ({ files: 0, sizeBytes: 0, maxFileBytes: 9, maxTotalBytes: 9 }),
    'file.inspect': ({ path }) => {
      if (path.includes('none'))
        throw new AppError('input.notFound', `There is no file ${path}.`, 'Check it.')
      return {
        file: {
          ...{ path, name: 'x', kind: 'network', isElf: false, sizeBytes: 1 },
          isFolder: path.endsWith('/')
        }
      }
    }
  })
  let value = ''
  mounted = mountView(PathField as never, {
    label: 'Network',
    modelValue: '',
    'onUpdate:modelValue': (next: string) => {
      value = next
      void mounted!.set({ modelValue: next })
    },
    ...props
  })
  return { value: () => value }
}

async function type(text: string): Promise<void> {
  const input = mounted!.the<HTMLInputElement>('input.control')
  input.value = text
  input.dispatchEvent(new Event('input'))
  await settle()
  input.dispatchEvent(new Event('change'))
  await settle()
  await settle()
}

describe('field of a path', () => {
  it('says at once that a path is wrong, and takes it back when it is typed again', async () => {
    show()
    await type('/none.onnx')
    const input = mounted!.the<HTMLInputElement>('input.control')
    expect(mounted!.text()).toContain('There is no file /none.onnx.')
    expect(input.getAttribute('aria-invalid')).toBe('true')
    expect(document.getElementById(input.getAttribute('aria-describedby')!)?.textContent).toContain('no file')
    await type('/there.onnx')
    expect(mounted!.root.querySelector('[role=alert]')).toBeNull()
  })

  it('a late reply about an earlier path says nothing about the present one', async () => {
    let refuse = (): void => undefined
    withClient({
      'file.recent': () => ({ files: [] }),
      'file.inspect': () =>
        new Promise<never>((_, reject) => {
          refuse = () => reject(new AppError('input.notFound', 'There is no file /none.onnx.', 'Check it.'))
        })
    })
    mounted = mountView(PathField as never, { label: 'Network', modelValue: '' })
    await type('/none.onnx')
    const input = mounted.the<HTMLInputElement>('input.control')
    input.value = '/there.onnx'
    input.dispatchEvent(new Event('input'))
    refuse()
    await settle()
    await settle()
    expect(mounted.root.querySelector('[role=alert]')).toBeNull()
  })

  it('wants a file where a file is needed, and a folder where a folder is', async () => {
    show()
    await type('/folder/')
    expect(mounted!.text()).toContain('a file is needed')
    mounted!.unmount()
    show({ what: 'folder' })
    await type('/file')
    expect(mounted!.text()).toContain('a folder is needed')
  })

  it('drops the quotes that file managers copy along', async () => {
    const { value } = show()
    await type('"/a b.onnx"')
    expect(value()).toBe('/a b.onnx')
  })

  it('looks every one of several paths up', async () => {
    show({ separator: ';' })
    await type('/a; /none.csv ;')
    expect(mounted!.text()).toContain('There is no file /none.csv.')
  })

  it('does not look for what is going to be written', async () => {
    show({ what: 'save' })
    await type('/none.csv')
    expect(mounted!.root.querySelector('[role=alert]')).toBeNull()
    // A browser cannot choose where the host writes.
    expect(mounted!.root.querySelector('button')).toBeNull()
  })

  it('suggests files of its kind that were opened before', async () => {
    show({ kinds: ['network'] })
    mounted!.the('input.control').dispatchEvent(new FocusEvent('focusin', { bubbles: true }))
    await settle()
    await settle()
    const options = [...mounted!.root.querySelectorAll('option')].map((one) => one.getAttribute('value'))
    expect(options).toEqual(['/old.onnx'])
  })
})
