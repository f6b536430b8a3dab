import { describe, expect, it } from 'vitest'
import { listOf, oneOf, positive, readFlags, whole } from '../../../bench/flags'
import { AppError } from '@shared/errors'

const options = {
  seeds: { type: 'string', default: '10' },
  budgets: { type: 'string', default: '0.1,0.2' },
  from: { type: 'string' },
  json: { type: 'boolean', default: false }
} as const
const checks = { seeds: whole(), budgets: listOf(positive(1)), from: oneOf(['ptq', 'reconstruct']) }
const read = (...args: string[]) => readFlags({ args, options }, checks).values

function complaint(...args: string[]): string {
  try {
    read(...args)
  } catch (error) {
    expect(error).toBeInstanceOf(AppError)
    const { code, message, hint } = error as AppError
    expect(code).toBe('input.invalid')
    return `${message} ${hint}`
  }
  return 'none'
}

describe('flags of a bench', () => {
  it('are the defaults and what is given', () => {
    expect(read('--seeds', '3', '--json')).toEqual({ seeds: '3', budgets: '0.1,0.2', json: true })
    expect(read('--from=ptq', '--budgets', '1')['from']).toBe('ptq')
  })

  it.each([
    [['--seeds', 'x'], '--seeds cannot be "x". Give a whole number from 1.'],
    [['--seeds', '0'], '--seeds cannot be "0". Give a whole number from 1.'],
    [['--seeds', '1.5'], '--seeds cannot be "1.5". Give a whole number from 1.'],
    [['--seeds='], '--seeds cannot be "". Give a whole number from 1.'],
    [
      ['--budgets', '0.5,2'],
      '--budgets cannot be "0.5,2". Give a number greater than 0 and at most 1, or several with commas between them.'
    ],
    [['--budgets', '0.5,'], '--budgets cannot be "0.5,".'],
    [['--from', 'retrain'], '--from cannot be "retrain". Give one of ptq, reconstruct.'],
    [
      ['--sedes', '1'],
      "Unknown option '--sedes'. Flags: --seeds VALUE, --budgets VALUE, --from VALUE, --json."
    ],
    [['more'], 'Flags: --seeds VALUE'],
    [['--seeds'], 'argument missing']
  ])('refuses %j', (args, text) => {
    expect(complaint(...args)).toContain(text)
  })
})
