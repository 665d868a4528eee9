/* strip: a passage of sequence as a logo of the predicted bases (T. Schneider, R. Stephens, Nucleic
 * Acids Research 1990), above the hidden state from which each was predicted. */
#ifndef STRIP_H
#define STRIP_H

#include "report/examined.h"

#include <stdio.h>

/* The height of a stack is its information in bits, 2 - entropy. The actual base is in full colour,
 * the others are faint. The passage is drawn in two pieces, side by side if there is room. A step
 * adds `stride` bases, of which only the first is shown. */
void strip_write(FILE *out, const PassageData *passage, double stride);

/* The mean loss of the bases, in bits. */
double strip_bits(const PassageData *passage);

#endif
