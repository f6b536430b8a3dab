/* One row of activations against low-bit weights, by tables of 8 codes (row_tables.c). */
#ifndef BB_ROW_TABLES_H
#define BB_ROW_TABLES_H

#include <stdint.h>

#define BB_ROW_TABLE_BYTES 4096

/* Whether m weight rows are enough to pay for the tables. */
int bb_row_tables_pay(uint32_t m, uint32_t planes);

/* acc[j] = sum_k a[k] * w[j][k], weights in layout `planes`; `tables` are BB_ROW_TABLE_BYTES. */
void bb_row_tables_dot(const int8_t *a, const uint32_t *weights, uint32_t m, uint32_t k, int32_t *acc, uint8_t *tables,
                       uint32_t planes);

#endif
