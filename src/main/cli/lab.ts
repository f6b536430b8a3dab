import type { LabPlaceInfo, LabStatus } from '../../shared/contract/lab'
import { AppError } from '../../shared/errors'
import { holderOfPlace, lineText, tagsText } from '../../shared/text/labText'
import { countOf } from '../../shared/units'
import { textOption, UsageError, type CliArguments, type CliNoun } from './framework/framework'
import { clientOf } from './framework/localClient'

/** `bitbench lab`: boards of a labgrid coordinator. */
export const labCli: CliNoun = {
  noun: 'lab',
  verbs: {
    places: {
      summary: 'Lists the places of the coordinator, who holds them and since when.',
      usage: '',
      options: {},
      notes: ['A board of a place is connected as labgrid://PLACE: bitbench board info labgrid://PLACE'],
      async run(_args, context) {
        return shown(await (await clientOf(context)).call('lab.status', {}))
      }
    },
    use: {
      summary: 'Checks a coordinator and keeps its address for this user.',
      usage: 'HOST[:PORT]',
      options: {},
      notes: ['LG_COORDINATOR goes before the kept address. Without either, nothing connects.'],
      async run(args, context) {
        const coordinator = oneOf(args, 'name one coordinator')
        return shown(await (await clientOf(context)).call('lab.connect', { coordinator }))
      }
    },
    forget: {
      summary: 'Forgets the kept address.',
      usage: '',
      options: {},
      async run(_args, context) {
        const status = await (await clientOf(context)).call('lab.disconnect', {})
        return { json: status, text: 'No coordinator is kept.' }
      }
    },
    release: {
      summary: 'Releases a place that its holder left behind.',
      usage: 'PLACE --holder HOST/USER',
      options: {
        holder: { type: 'string', help: 'who holds it now, as the list shows it', valueName: 'HOST/USER' }
      },
      notes: ['A place that another one than this holder has by then stays as it is.'],
      async run(args, context) {
        const place = oneOf(args, 'name one place')
        const holder = textOption(args, 'holder')
        if (holder === undefined)
          throw new UsageError('say with --holder whose it is; "bitbench lab places" shows it')
        const status = await (await clientOf(context)).call('lab.release', { place, holder })
        const now = status.places.find(({ name }) => name === place)
        return { json: status, text: now === undefined ? `${place}: released` : placeLine(now) }
      }
    }
  }
}

/** @throws UsageError without exactly one word */
function oneOf(args: CliArguments, what: string): string {
  const [name, ...more] = args.positionals
  if (name === undefined || more.length > 0) throw new UsageError(what)
  return name
}

function placeLine(place: LabPlaceInfo): string {
  const tags = tagsText(place)
  return [
    `${place.name}: ${holderOfPlace(place)}${tags === '' ? '' : `; ${tags}`}`,
    ...place.lines.map((line) => `  ${line.port}  ${lineText(line)}`),
    ...(place.lines.length === 0 ? ['  no serial line'] : [])
  ].join('\n')
}

/** @throws AppError of a coordinator that cannot be used */
function shown(status: LabStatus) {
  const { coordinator, problem, places, self } = status
  if (problem !== null) throw AppError.from(problem)
  if (coordinator === null) return { json: status, text: 'No coordinator is named: bitbench lab use HOST' }
  return {
    json: status,
    text: [
      `${coordinator}: ${countOf(places.length, 'place')}, acquired as ${self}`,
      ...places.map(placeLine)
    ].join('\n')
  }
}
