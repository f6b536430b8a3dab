import type { ProxySummary } from '@shared/contract/proxy'
import { quantityOf, type Quantity } from '@shared/vocabulary'
import { computed, ref, type ComputedRef, type Ref } from 'vue'
import type { Client, CommandOutput } from '../client/client'

/** Fitted proxies as the host lists them. */
export interface ProxyList {
  readonly proxies: Ref<ProxySummary[]>
  /** Stored proxies that cannot be read. */
  readonly unreadable: Ref<CommandOutput<'proxy.list'>['unreadable']>
  readonly pinned: ComputedRef<ProxySummary[]>
  /** Whether Search can count latency: a proxy fitted to files alone knows no board to predict for. */
  readonly predictsBoard: ComputedRef<boolean>
  /** The same of energy. */
  readonly predictsEnergy: ComputedRef<boolean>
  accept(list: CommandOutput<'proxy.list'>): void
  /** Reads the list from the host. */
  reload(): Promise<void>
}

/** Empty until it is read; follows the host from then on. */
export function createProxyList(client: Client): ProxyList {
  const proxies = ref<ProxySummary[]>([])
  const unreadable = ref<CommandOutput<'proxy.list'>['unreadable']>([])
  const pinned = computed(() => proxies.value.filter((proxy) => proxy.pinned))
  const predicts = (quantity: Quantity): boolean =>
    pinned.value.some(({ boardId, unit }) => boardId !== null && quantityOf(unit) === quantity)
  const predictsBoard = computed(() => predicts('latency'))
  const predictsEnergy = computed(() => predicts('energy'))

  function accept(list: CommandOutput<'proxy.list'>): void {
    proxies.value = list.proxies
    unreadable.value = list.unreadable
  }
  client.subscribe('proxy.listChanged', accept)

  const reload = async (): Promise<void> => accept(await client.call('proxy.list', {}))
  return { proxies, unreadable, pinned, predictsBoard, predictsEnergy, accept, reload }
}
