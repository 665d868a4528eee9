/* figure: the diagrams of a report with their captions; a sentence where there are no data yet. */
#ifndef FIGURE_H
#define FIGURE_H

#include "report/page.h"

void figure_loss(const Page *page);
void figure_timesteps(const Page *page); /* J(t) */
void figure_calibration(const Page *page);
void figure_flow(const Page *page);      /* of the gradient back in time */
void figure_embedding(const Page *page); /* L */
void figure_rate(const Page *page);      /* of learning */
void figure_norm(const Page *page);      /* of the gradient */
void figure_speed(const Page *page);

/* K-mers a second, without validations, NAN: not known. */
double figure_mean_speed(const Page *page);

#endif
