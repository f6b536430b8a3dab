import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumFile, collectComplaints, openBrowser, type OpenedBrowser } from './support/browser'
import { exportMenu, panelOf, savedBy } from './support/pageParts'
import { serveApp, type ServedApp } from './support/servedApp'

/** The GPU page over a process that stands in for nvidia-smi: live readings, a recording, its energy. */
const standIn = path.resolve(import.meta.dirname, '../fixtures/smi/fakeSmi.mjs')
const bench = path.resolve(import.meta.dirname, '../fixtures/smi/fakeBench.mjs')
const pictures = path.resolve(import.meta.dirname, '../../build/screenshots/gpu')
if (chromiumFile === null) console.warn('SKIPPED: the GPU page: no Chromium found (apt install chromium)')

describe.skipIf(chromiumFile === null)('the GPU page', () => {
  let app: ServedApp
  let browser: OpenedBrowser
  let page: Page
  let complaints: string[]
  let folder: string
  /** File that holds the power that the stand-in reports beyond its 50 W at rest. */
  let load: string

  /** Seconds and watts of the trace that is shown. */
  const shownReadings = async (): Promise<number[][]> => {
    const csv = String(await savedBy(exportMenu(panelOf(page, 'Live'), 'Power'), 'CSV, all drawn points'))
    const [head, ...rows] = csv.trim().split('\r\n')
    expect(head).toBe('Unix time (s),Power (W)')
    return rows.map((row) => row.split(',').map(Number))
  }

  beforeAll(async () => {
    await mkdir(pictures, { recursive: true })
    folder = await mkdtemp(path.join(tmpdir(), 'bitbench gpu '))
    load = path.join(folder, 'load')
    app = await serveApp({ env: { BITBENCH_NVIDIA_SMI: standIn, FAKE_SMI: JSON.stringify({ load }) } })
    browser = await openBrowser()
    page = await browser.context.newPage()
    complaints = collectComplaints(page)
    await page.goto(app.address)
    await page.getByRole('link', { name: 'GPU & energy' }).click()
  }, 300_000)

  afterAll(async () => {
    await browser?.close()
    await app?.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('lists the GPU and marks what a stand-in says as simulated', async () => {
    const card = page.locator('.panel').filter({ hasText: 'GPU 0: Stand-in A100' })
    await card.filter({ hasText: 'simulated' }).filter({ hasText: 'power.draw' }).waitFor()
  })

  it('draws readings as they come', async () => {
    await page.getByRole('button', { name: 'Start sampling' }).first().click()
    await page.getByRole('img', { name: 'Power' }).waitFor()
    const live = panelOf(page, 'Live')
    await expect.poll(() => live.textContent()).toMatch(/running · .* readings/)
    // The triggers below hold a second before them: of readings every 100 ms there must be so many by then.
    const readings = async (): Promise<number> =>
      Number(/(\d+) readings(?! per second)/.exec((await live.textContent()) ?? '')?.[1])
    await expect.poll(readings).toBeGreaterThan(12)
  })

  it('holds the stretch around a trigger, from before it', async () => {
    const form = page.getByRole('form', { name: 'Trigger' })
    await form.getByLabel('Trigger on').selectOption({ label: 'level above' })
    await form.getByLabel('Level (W)').fill('1')
    await form.getByLabel('Seconds before').fill('1')
    await form.getByLabel('Seconds after').fill('0.5')
    await form.getByRole('button', { name: 'Arm' }).click()
    await form.getByRole('status').filter({ hasText: 'held: fired at' }).waitFor()
    const seconds = (await shownReadings()).map(([at]) => at!)
    const length = seconds.at(-1)! - seconds[0]!
    // More than the half second after it: the time before belongs to it too. Readings come every 100 ms.
    expect(length).toBeGreaterThan(0.5)
    expect(length).toBeLessThanOrEqual(1.5)
    await form.getByRole('button', { name: 'Release' }).click()
  })

  it('waits for an edge, and holds it with the readings before it', async () => {
    const form = page.getByRole('form', { name: 'Trigger' })
    await form.getByLabel('Trigger on').selectOption({ label: 'rising edge' })
    await form.getByLabel('Level (W)').fill('80')
    await form.getByRole('button', { name: 'Arm' }).click()
    // Readings below the level alone do not fire it.
    const live = panelOf(page, 'Live')
    const before = await live.textContent()
    await expect.poll(() => live.textContent()).not.toBe(before)
    expect(await form.getByRole('status').textContent()).toBe('armed')
    await writeFile(load, '60')
    await form.getByRole('status').filter({ hasText: 'held: fired at' }).waitFor()
    const watts = (await shownReadings()).map(([, power]) => power!)
    const crossing = watts.findIndex((power) => power > 80)
    expect(crossing).toBeGreaterThan(0)
    expect(watts.slice(0, crossing).every((power) => power < 80)).toBe(true)
    expect(watts.slice(crossing).every((power) => power > 80)).toBe(true)
    await form.getByRole('button', { name: 'Release' }).click()
    await rm(load)
  })

  it('waits for a phase of a recording by its name', async () => {
    const form = page.getByRole('form', { name: 'Trigger' })
    await form.getByLabel('Trigger on').selectOption({ label: 'phase begins' })
    await form.getByRole('textbox', { name: 'Phase' }).fill('work')
    await form.getByRole('button', { name: 'Arm' }).click()
    await panelOf(page, 'Record')
      .getByLabel('Command (empty')
      .fill(`node "${bench}" "${load}" rest:5:500 work:70:1500`)
    await panelOf(page, 'Record').getByLabel('Idle before').fill('0')
    await panelOf(page, 'Record').getByLabel('Title').fill('Two phases')
    await panelOf(page, 'Record').getByRole('button', { name: 'Record', exact: true }).click()
    await form.getByRole('status').filter({ hasText: 'held: fired at' }).waitFor()
    const { recordings } = await app.call('gpu.recordings', {})
    const { id } = recordings.find(({ title }) => title === 'Two phases')!
    await expect
      .poll(async () => (await app.call('gpu.recordings', {})).recordings.find((one) => one.id === id)?.state)
      .toBe('done')
    const { phases, recording } = await app.call('gpu.recording', { id })
    const startS = (recording.startedAtMs + phases.find(({ name }) => name === 'work')!.fromMs) / 1000
    const seconds = (await shownReadings()).map(([at]) => at!)
    // A second before it and half a second after it, of readings every 100 ms.
    expect(seconds[0]).toBeGreaterThanOrEqual(startS - 1.01)
    expect(seconds[0]).toBeLessThan(startS)
    expect(seconds.at(-1)).toBeGreaterThan(startS)
    expect(seconds.at(-1)).toBeLessThanOrEqual(startS + 0.51)
    await form.getByRole('button', { name: 'Release' }).click()
  })

  it('records and tells the energy with its doubts', async () => {
    // It ends when its marker is stored, however long that takes.
    const end = path.join(folder, 'end')
    await panelOf(page, 'Record')
      .getByLabel('Command (empty')
      .fill(`sh -c "until [ -e '${end}' ]; do sleep 0.1; done"`)
    await panelOf(page, 'Record').getByLabel('Idle before').fill('1')
    await panelOf(page, 'Record').getByLabel('Title').fill('A while')
    await panelOf(page, 'Record').getByRole('button', { name: 'Record', exact: true }).click()
    await page.getByText('those within the recording are kept with it').waitFor()
    // Without a pointer over the chart the marker goes to the newest reading, which must be one of the recording.
    await page.mouse.move(1, 1)
    const live = panelOf(page, 'Live')
    const before = await live.textContent()
    await expect.poll(() => live.textContent()).not.toBe(before)
    await live.getByRole('img', { name: 'Power' }).press('m')
    const note = page.getByRole('textbox', { name: 'Note of marker 1' })
    await note.fill('here')
    await note.press('Enter')
    await page.screenshot({ path: path.join(pictures, 'live-marker.png') })
    const { recordings } = await app.call('gpu.recordings', {})
    const { id } = recordings.find(({ title }) => title === 'A while')!
    await expect
      .poll(async () => (await app.call('run.markers', { id })).markers.map(({ text }) => text))
      .toEqual(['here'])
    await writeFile(end, '')
    const row = page
      .getByRole('region', { name: 'Recordings' })
      .getByRole('row')
      .filter({ hasText: 'A while' })
    await row.filter({ hasText: 'done' }).waitFor()
    await row.click()
    const phases = page.getByRole('region', { name: 'Phases' })
    await phases.waitFor()
    expect(await phases.textContent()).toMatch(/\d J/)
    expect(await page.getByRole('region', { name: 'Trials' }).textContent()).toContain('INVALID')
    await page.getByRole('heading', { name: 'A while' }).waitFor()
    // The marker set on the live trace is on the recording, at its own time.
    const detail = page.locator('.panel').filter({ hasText: 'Energy of every phase' })
    const kept = detail.getByRole('list', { name: 'Markers' })
    expect(await kept.getByRole('textbox').inputValue()).toBe('here')
    expect(await kept.getByRole('button', { name: 'Show marker 1' }).textContent()).toMatch(/^[\d.]+ m?s$/)
    expect(String(await savedBy(exportMenu(detail, 'Power'), 'SVG'))).toContain('>1 here</text>')
    await page.screenshot({ path: path.join(pictures, 'recording-marker.png') })
  }, 300_000)

  it('shows the open recording again after a reload', async () => {
    const { recordings } = await app.call('gpu.recordings', {})
    const { id } = recordings.find(({ title }) => title === 'A while')!
    await expect
      .poll(async () => (await app.call('app.settings', {})).workspace.runs)
      .toMatchObject({ recording: id })
    await page.reload()
    await page.getByRole('heading', { name: 'A while' }).waitFor()
    await page.getByRole('region', { name: 'Phases' }).waitFor()
  })

  it('stops sampling', async () => {
    await page.getByRole('button', { name: 'Stop sampling' }).click()
    await page.getByRole('button', { name: 'Start sampling' }).first().waitFor()
    expect(complaints).toEqual([])
  })
})
