import type { GpuHost } from '@shared/contract/remote'
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { CommandInput, CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { createAction } from './window/action'

/** Characters of a far command's output that the window keeps. */
const maxKeptCharacters = 20_000
/** A check may wait in the queue of a scheduler for a minute, ms. */
const checkTimeoutMs = 90_000

/** Machines with GPUs behind ssh, srun or sbatch. */
export const useRemote = defineStore('remote', () => {
  const client = useClient()
  const hosts = ref<GpuHost[]>([])
  /** What the last check of each host found. */
  const checks = ref<Readonly<Record<string, CommandOutput<'remote.check'>>>>({})
  const output = ref('')
  /** The job that was started here last; null before one was. */
  const jobId = ref<string | null>(null)
  /** Choices of a form: null is this machine. */
  const choices = computed(() => [
    { value: null, text: 'This machine' },
    ...hosts.value.map(({ name }) => ({ value: name, text: name }))
  ])

  client.subscribe('remote.output', ({ jobId: of, text }) => {
    if (of === jobId.value) output.value = (output.value + text).slice(-maxKeptCharacters)
  })

  const load = createAction(async () => {
    hosts.value = (await client.call('remote.hosts', {})).hosts
  })
  /** A host of this name may be another machine from now on. */
  function forgetCheck(name: string): void {
    const { [name]: _found, ...others } = checks.value
    checks.value = others
  }
  const save = createAction(async (host: CommandInput<'remote.saveHost'>) => {
    hosts.value = (await client.call('remote.saveHost', host)).hosts
    forgetCheck(host.name)
  })
  const remove = createAction(async (host: string) => {
    hosts.value = (await client.call('remote.removeHost', { host })).hosts
    forgetCheck(host)
  })
  const check = createAction(async (host: string) => {
    const found = await client.call('remote.check', { host }, { timeoutMs: checkTimeoutMs })
    checks.value = { ...checks.value, [host]: found }
  })
  const record = createAction(async (host: string, request: CommandInput<'gpu.record'>) => {
    output.value = ''
    jobId.value = (await client.call('remote.record', { host, request })).jobId
  })
  const workload = createAction(async (host: string, request: CommandInput<'workload.start'>) => {
    output.value = ''
    jobId.value = (await client.call('remote.workload', { host, request })).jobId
  })
  const collect = createAction(async (host: string, request: CommandInput<'estimator.collect'>) => {
    output.value = ''
    jobId.value = (await client.call('remote.collect', { host, request })).jobId
  })
  return { hosts, checks, output, jobId, choices, load, save, remove, check, record, workload, collect }
})
