/** SQL condition: a column is among the texts of a parameter that holds a JSON list. */
export const inList = (column: string, parameter = '$1'): string =>
  `${column} IN (SELECT unnest(from_json(${parameter}::VARCHAR, '["VARCHAR"]')))`
