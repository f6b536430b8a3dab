import { defineComponent, h, type PropType } from 'vue'
import type { GuidePage } from './guide'
import { guideNodes } from './guideNodes'

/** The text of one guide page. */
export default defineComponent({
  name: 'GuideText',
  props: {
    page: { type: Object as PropType<GuidePage>, required: true },
    known: { type: Object as PropType<ReadonlySet<string>>, required: true }
  },
  emits: { open: (pageId: string) => pageId !== '' },
  setup(props, { emit }) {
    return () =>
      h(
        'article',
        { class: 'guide' },
        guideNodes(props.page.tokens, { known: props.known, open: (pageId) => emit('open', pageId) })
      )
  }
})
