/* clock: elapsed time, in seconds and as a text. */
#ifndef CLOCK_H
#define CLOCK_H

double clock_now(void); /* seconds of a monotonic clock */

/* Formats seconds as "3m 20s". */
void clock_text(double seconds, char text[32]);

#endif
