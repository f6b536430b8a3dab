import type { RunKindName } from '@shared/contract/run'
import { useApp } from '../stores/app'
import { useFiles } from '../stores/file'
import { useGuide } from '../stores/guide'
import { useHelp } from '../stores/window/help'
import { useJobs } from '../stores/job'
import { openRun } from '../views/run/openRun'
import { useSessions } from '../stores/session'
import { useTour } from '../stores/window/tour'
import { panelCommands } from './panelCommands'
import type { ShellCommand } from './shellCommand'
import { pages, shortcutPages, useNavigation } from '../stores/window/navigation'

/** Every page and every command of the window that can be run now. */
export function shellCommands(): ShellCommand[] {
  const navigation = useNavigation()
  const app = useApp()
  const jobs = useJobs()
  const guide = useGuide()
  const help = useHelp()
  const tour = useTour()
  const opened = pages.map(({ id, title, purpose }): ShellCommand => {
    const at = shortcutPages.findIndex((page) => page.id === id)
    const keys = at < 0 ? null : `Alt+${at + 1}`
    return { id: `open.${id}`, title: `Open ${title}`, detail: purpose, keys, run: () => navigation.open(id) }
  })
  const other = app.theme === 'dark' ? 'light' : 'dark'
  const rest: ShellCommand[] = [
    {
      id: 'help',
      title: 'Open the guide',
      detail: `What the page ${navigation.page.title} is for`,
      keys: '?',
      run: help.openGuide
    },
    {
      id: 'theme',
      title: `Use the ${other} theme`,
      detail: 'Colours of the window',
      keys: null,
      run: () => void app.save.run({ theme: other })
    },
    {
      id: 'tour',
      title: tour.isOpen ? 'Leave the tour' : 'Take the tour',
      detail: 'Own network, own data, own board',
      keys: null,
      run: () => void (tour.isOpen ? tour.leave() : tour.begin())
    }
  ]
  if (!guide.isRunning) {
    const run = (): void => (navigation.open('start'), void guide.start.run())
    rest.push({
      id: 'loop',
      title: 'Run the guided loop',
      detail: `On ${guide.nextBoardId}`,
      keys: null,
      run
    })
  }
  for (const job of jobs.running) {
    rest.push({
      id: `cancel.${job.id}`,
      title: `Cancel: ${job.title}`,
      detail: 'A job that runs now',
      keys: null,
      run: () => void jobs.cancel.run(job.id)
    })
  }
  if (jobs.all.length > jobs.running.length) {
    rest.push({
      id: 'forget',
      title: 'Forget finished jobs',
      detail: 'Clears the list of jobs',
      keys: null,
      run: () => void jobs.clear.run()
    })
  }
  return [...opened, ...rest, ...panelCommands(), ...exampleCommands(), ...recentCommands()]
}

/** The sessions that ship, each opened at what it is an example of. */
function exampleCommands(): ShellCommand[] {
  const sessions = useSessions()
  const open = async (name: string): Promise<void> => {
    const runs = (await sessions.openExample.run(name))?.runs ?? []
    const shown = exampleKinds.flatMap((kind) => runs.find((run) => run.kind === kind) ?? [])[0]
    if (shown !== undefined) await openRun(shown)
  }
  return sessions.examples.map(({ name, title }) => ({
    ...{
      id: `example.${name}`,
      title: `Open the example: ${title}`,
      detail: 'Needs no hardware',
      keys: null
    },
    run: () => void open(name)
  }))
}

/** What an example shows first, of several kinds of runs in it. */
const exampleKinds: readonly RunKindName[] = ['search', 'proxy', 'recording', 'workload', 'estimator']

/** Files opened before, to be opened again. */
function recentCommands(): ShellCommand[] {
  const files = useFiles()
  return files.recent.map(({ path }) => ({
    id: `recent.${path}`,
    title: `Open again: ${path.split(/[\\/]/).at(-1) ?? path}`,
    detail: path,
    keys: null,
    run: () => void files.openPath.run(path)
  }))
}

/** Commands with a word of title or detail beginning with each word of the query; those by title alone first. */
export function matchCommands(commands: readonly ShellCommand[], query: string): ShellCommand[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  const matching = commands.filter(({ title, detail }) => {
    return holdsAll(`${title} ${detail}`, words)
  })
  const inTitle = ({ title }: ShellCommand): number => (holdsAll(title, words) ? 0 : 1)
  return [...matching].sort((a, b) => inTitle(a) - inTitle(b))
}

function holdsAll(text: string, beginnings: readonly string[]): boolean {
  const words = text.toLowerCase().split(/[^\p{L}\p{N}]+/u)
  return beginnings.every((beginning) => words.some((word) => word.startsWith(beginning)))
}
