import { computed, ref, type ComputedRef, type Ref } from 'vue'
import { arrangeRows, type TableSort } from './arrangeRows'
import type { TableColumn } from './tableColumn'

/** Sorts the rows of a small matrix that its panel draws itself, with heads of `SortHead`; unknown values are last. */
export function createRowSort<R>(
  rows: () => readonly R[],
  columns: () => readonly TableColumn<R>[]
): { sort: Ref<TableSort | null>; sorted: ComputedRef<R[]> } {
  const sort = ref<TableSort | null>(null)
  const sorted = computed(() => {
    const keyed = rows().map((row, key) => ({ key, row }))
    return arrangeRows(keyed, columns(), { sort: sort.value, filter: '', pinned: new Set() }).map(
      ({ row }) => row
    )
  })
  return { sort, sorted }
}
