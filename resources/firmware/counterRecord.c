#include "counterRecord.h"

const counter_record_type counter_record = { "BBCOUNT1", COUNTER_CSR, 0, 1, 64, 0, 1, 1, 0, { 0, 0 }, 0, 0, 0, 0, 0, { { 0, 0, 0 } } };
