/* bits: losses in nats as bits per base. */
#ifndef BITS_H
#define BITS_H

#include <stdbool.h>

/* nats for so many bases; a mean J of nats a k-mer is for as many as the stride. */
double bits_per_base(double nats, double bases);

/* Over all bases, of which the predicted ones cost so many bits each. Each of the others, such as
 * the first k of a segment, costs 2, so that models of any k and stride compare. NAN: no bases. */
double bits_over_all(double bits, double predicted, double bases);

/* Whether two figures differ in their first four decimals; false where one is not finite. */
bool bits_differ(double a, double b);

#endif
