/** What ECharts hands to a custom series. */
export interface DrawApi {
  value(dimension: number): number
  coord(point: readonly [number, number]): [number, number]
  size(point: readonly [number, number]): [number, number]
}
