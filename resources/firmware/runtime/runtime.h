/* Executes the layers of a checked Image. */
#ifndef RUNTIME_H
#define RUNTIME_H

#include "bb.h"
#include "image.h"

/* One layer, over `arena` (16-byte aligned). BB_OK or why the kernel refused. Never allocates. */
bb_status runtime_layer(const uint8_t *image, uint8_t *arena, uint32_t index);

#endif
