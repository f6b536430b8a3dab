/// <reference types="vite/client" />
import { readGuidePage, type GuidePage } from './guide'

/** The guide travels with the window: it is read without a network and is always of the same version. */
const files = import.meta.glob<string>('../../../docs/guide/*.md', {
  query: '?raw',
  import: 'default',
  eager: true
})

/** Every page of docs/guide, in the order of their titles. */
export const guidePages: readonly GuidePage[] = Object.entries(files)
  .map(([file, markdown]) => readGuidePage(/([^/]+)\.md$/.exec(file)![1], markdown))
  .sort((a, b) => a.title.localeCompare(b.title, 'en'))
