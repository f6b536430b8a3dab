import type { Recording } from '@shared/contract/gpu'
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { useClient } from '../client/current'
import { useGpu } from './gpu'
import { createRunMarkers } from './traces/markers'
import { createOpenRecording } from './traces/openRecording'

/** What a power meter read beside campaigns: stored while they run, shown when they have ended. */
export const useCampaignPower = defineStore('campaignPower', () => {
  const client = useClient()
  const gpu = useGpu()
  const wantedId = ref<string | null>(null)
  /** Newest first; a campaign that was resumed has several. */
  const recordings = computed((): Recording[] =>
    gpu.recordings.filter(({ state, campaignId }) => state !== 'running' && campaignId !== undefined)
  )
  /** The chosen one, else the newest. */
  const recording = computed(
    () => recordings.value.find(({ id }) => id === wantedId.value) ?? recordings.value.at(0) ?? null
  )
  const opened = createOpenRecording(client, { readsEnergy: false })
  const marks = createRunMarkers(client)
  /** Reads the trace of one of them and its markers. */
  function read(id: string): void {
    void opened.open.run(id)
    void marks.load.run(id)
  }
  /** Shows the power beside a campaign, the newest of it. */
  function choose(campaignId: string): void {
    wantedId.value = recordings.value.find((one) => one.campaignId === campaignId)?.id ?? null
  }
  const has = (campaignId: string): boolean => recordings.value.some((one) => one.campaignId === campaignId)
  return {
    ...{ wantedId, recordings, recording, read, choose, has },
    ...{ detail: opened.detail, trace: opened.trace, traceDetail: opened.traceDetail },
    ...{ open: opened.open, zoomTrace: opened.zoomTrace, stretch: opened.stretch },
    ...{ markers: marks.markers, isMarkable: marks.isRead, mark: marks.save, loadMarkers: marks.load }
  }
})
