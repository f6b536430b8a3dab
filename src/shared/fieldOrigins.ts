import { type DescribedField, describedFieldNames, type FieldOrigin } from './contract/board/boardDescription'

/** Returns the origin of every shown field of a board's description. */
export function originsBy(of: (field: DescribedField) => FieldOrigin): Record<DescribedField, FieldOrigin> {
  return Object.fromEntries(describedFieldNames.map((field) => [field, of(field)])) as Record<
    DescribedField,
    FieldOrigin
  >
}
