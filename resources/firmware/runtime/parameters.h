/* The parameter words of the operators from OP_TABLE on: checked before anything runs. */
#ifndef PARAMETERS_H
#define PARAMETERS_H

#include "image.h"

/*
 * Whether a layer's parameters lie inside the Image and everything it reads and writes inside its tensors, and whether its
 * numbers are within the ranges of docs/arithmetic.md. The layer's own fields have been checked by image_check_layer.
 */
image_reason parameters_check(const image_header *header, const uint8_t *image, const image_layer *layer);

#endif
