/* strip: a passage of sequence as a logo of the predicted bases, above the hidden state from which
 * each was predicted. */
#ifndef STRIP_H
#define STRIP_H

#include "report/examined.h"

#include <stdio.h>

/* The height of a stack is its information in bits, 2 - entropy; the base that came is in full
 * colour, the others are faint. Two pieces, side by side where there is room. A step adds `stride`
 * bases, of which the first is shown. */
void strip_write(FILE *out, const PassageData *passage, double stride);

/* Bits that the bases cost, on average. */
double strip_bits(const PassageData *passage);

#endif
