// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import StartForm from '@renderer/views/workload/StartForm.vue'
import { AppError } from '@shared/errors'
import { mountView, settle, type Mounted } from '../mountView'
import { withClient } from '../stores/withClient'

let view: Mounted<Record<string, unknown>> | undefined
afterEach(() => view?.unmount())

describe('the form of a workload run', () => {
  it('says what it looks for until the check is there, then offers the first shipped network', async () => {
    let found!: (check: object) => void
    const pending = new Promise<object>((resolve) => (found = resolve))
    withClient({ 'workload.check': () => pending as never })
    view = mountView(StartForm, {})
    await settle()
    expect(view.text()).toContain('Looking for providers')
    expect(view.root.querySelector('form')).toBeNull()
    found({ checks: [], models: ['gloss-classifier', 'gloss-language'], providers: ['cpu'] })
    await settle()
    expect(view.text()).not.toContain('Looking for providers')
    expect(view.root.querySelector('select')!.value).toBe('gloss-classifier')
    expect(view.root.querySelector<HTMLButtonElement>('form button')!.disabled).toBe(false)
  })

  it('shows why the check failed, with a way to look again', async () => {
    withClient({
      'workload.check': () => {
        throw new AppError('data.missing', 'No networks are shipped.', 'Install Bitbench again.')
      }
    })
    view = mountView(StartForm, {})
    await settle()
    expect(view.text()).toContain('No networks are shipped.')
    expect(view.text()).toContain('Look again')
  })

  it('starts a PyTorch network, and a program of the user with its arguments', async () => {
    const started: unknown[] = []
    withClient({
      'workload.check': () => ({ checks: [], models: ['gloss-classifier'], providers: ['cpu'] }),
      'workload.start': ({ runner, trials }) => {
        started.push({ runner, trials })
        throw new AppError('input.invalid', 'Enough.', 'That is all.')
      }
    })
    view = mountView(StartForm, {})
    await settle()
    const choose = async (label: string, text: string): Promise<void> => {
      const select = view!.root.querySelector<HTMLSelectElement>(`select[aria-label="${label}"]`)!
      select.selectedIndex = [...select.options].findIndex((option) => option.text.trim() === text)
      select.dispatchEvent(new Event('change'))
      await settle()
    }
    const type = async (placeholder: string, text: string): Promise<void> => {
      const input = view!.root.querySelector<HTMLInputElement>(`input[placeholder="${placeholder}"]`)!
      input.value = text
      input.dispatchEvent(new Event('input'))
      await settle()
    }
    const button = (): HTMLButtonElement => view!.root.querySelector('form button[type="submit"]')!
    await choose('Network', 'PyTorch, Python file')
    expect(button().disabled).toBe(true)
    await type('~/mine.py', '~/net.py')
    view.root.querySelector('form')!.dispatchEvent(new Event('submit'))
    await settle()
    await choose('Network', 'Program of my own')
    await type('node anyRunner.mjs', './run "a b" 3')
    await choose('How thoroughly', 'Quick look')
    view.root.querySelector('form')!.dispatchEvent(new Event('submit'))
    await settle()
    expect(started).toEqual([
      { runner: { kind: 'torch', entry: '~/net.py:build' }, trials: 4 },
      { runner: { kind: 'command', command: ['./run', 'a b', '3'] }, trials: 2 }
    ])
  })

  it('starts a file as what it is judged by, on the provider that was chosen of several', async () => {
    const started: unknown[] = []
    const open = async (providers: string[]): Promise<void> => {
      withClient({
        'workload.check': () => ({ checks: [], models: ['gloss-classifier'], providers }),
        'workload.start': ({ runner }) => {
          started.push(runner)
          throw new AppError('input.invalid', 'Enough.', 'That is all.')
        }
      })
      view = mountView(StartForm, {})
      await settle()
    }
    const set = async (element: HTMLInputElement | HTMLSelectElement, event: string): Promise<void> => {
      element.dispatchEvent(new Event(event))
      await settle()
    }
    const choose = async (label: string, text: string): Promise<void> => {
      const select = view!.root.querySelector<HTMLSelectElement>(`select[aria-label="${label}"]`)!
      select.selectedIndex = [...select.options].findIndex((option) => option.text.trim() === text)
      await set(select, 'change')
    }
    await open(['cpu'])
    expect(view!.root.querySelector('select[aria-label="onnxruntime on"]')).toBeNull()
    expect(view!.root.querySelector('select[aria-label="Judged by"]')).toBeNull()
    view!.unmount()
    await open(['cpu', 'cuda'])
    await choose('Network', 'ONNX file')
    for (const [placeholder, text] of [
      ['~/net.onnx', '~/lm.onnx'],
      ['~/test.jsonl', '~/words.jsonl']
    ] as const) {
      const input = view!.root.querySelector<HTMLInputElement>(`input[placeholder="${placeholder}"]`)!
      input.value = text
      await set(input, 'input')
    }
    const submit = async (): Promise<void> =>
      void (await set(view!.root.querySelector('form') as never, 'submit'))
    await submit()
    await choose('Judged by', 'perplexity of next words')
    await choose('onnxruntime on', 'cuda')
    await submit()
    const file = { kind: 'onnx', model: '~/lm.onnx', dataset: '~/words.jsonl' }
    expect(started).toEqual([
      { ...file, task: 'accuracy' },
      { ...file, task: 'perplexity', provider: 'cuda' }
    ])
  })

  it('offers the wait for a cool GPU where there is a real one', async () => {
    const started: unknown[] = []
    const check = (state: 'ok' | 'missing') => ({ name: 'GPU power', state, detail: 'A GPU', hint: null })
    const open = async (state: 'ok' | 'missing'): Promise<HTMLInputElement | undefined> => {
      withClient({
        'workload.check': () => ({
          checks: [check(state)],
          models: ['gloss-classifier'],
          providers: ['cpu']
        }),
        'workload.start': ({ coolMs }) => {
          started.push(coolMs)
          throw new AppError('input.invalid', 'Enough.', 'That is all.')
        }
      })
      view = mountView(StartForm, {})
      await settle()
      return [...view.root.querySelectorAll('label')]
        .find(({ textContent }) => textContent.includes('Longest cooling'))
        ?.querySelector('input') as HTMLInputElement | undefined
    }
    const submit = async (): Promise<void> => {
      view!.root.querySelector('form')!.dispatchEvent(new Event('submit'))
      await settle()
    }
    expect(await open('missing')).toBeUndefined()
    await submit()
    view!.unmount()
    const field = (await open('ok'))!
    expect(field.value).toBe('10')
    field.value = '25'
    field.dispatchEvent(new Event('input'))
    await settle()
    await submit()
    expect(started).toEqual([undefined, 25_000])
  })
})
