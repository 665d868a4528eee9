/* bits: conversion of losses from nats to bits per base. */
#ifndef BITS_H
#define BITS_H

#include <stdbool.h>

/* Converts a loss over this many bases. For a mean J, in nats per k-mer, bases is the stride. */
double bits_per_base(double nats, double bases);

/* Bits per base over all bases, if the predicted ones cost `bits` each. Each other base, such as
 * the first k of a segment, costs 2 bits; this makes models of any k and stride comparable. NAN if
 * there are no bases. */
double bits_over_all(double bits, double predicted, double bases);

/* Whether two figures differ in their first four decimals; false if one is not finite. */
bool bits_differ(double a, double b);

#endif
