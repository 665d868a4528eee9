#include "training/budget.h"

#include <math.h>

/* A validation's window is computed forward only; measured times vary. */
static const double FORWARD_SHARE = 0.5, CAUTION = 1.1, OVERTIME = 1.02;
static const double EXAM_SHARE = 0.04, EXAM_MOST = 2, SAVE_AND_MODEL = 1.3;
static const double VALIDATION_SHARE = 0.5, CALIBRATION_SHARE = 0.06;

static double step(const Budget *budget) {
  return budget->steps > 0 ? budget->step_time / (double)budget->steps : 0;
}

/* Expected duration of a validation; 0 if unknown. */
static double validation_time(const Budget *budget) {
  if (budget->windows == 0) return 0;
  if (budget->validation > 0) return CAUTION * budget->validation;
  return FORWARD_SHARE * step(budget) * (double)budget->windows;
}

static bool has_validations(const Budget *budget) {
  return budget->limit == 0 ||
         validation_time(budget) <= VALIDATION_SHARE * (budget->limit - budget->began);
}

bool budget_has_validation(const Budget *budget, double now) {
  return has_validations(budget) &&
         (budget->limit == 0 || now + validation_time(budget) <= budget_deadline(budget));
}

/* Expected duration of a window read with a memory, forward only. */
static double window_with_memory(const Budget *budget) {
  return FORWARD_SHARE * step(budget) + budget->pools;
}

static double calibration_time(const Budget *budget) {
  const double whole = window_with_memory(budget) * (double)budget->calibration_windows;
  return fmin(CALIBRATION_SHARE * budget->limit, whole);
}

/* Expected time from the end of a calibration to the end of the run: two validations with the
 * memory, and the examination. */
static double end_time(const Budget *budget) {
  const double exam = budget->windows > 0 ? fmin(EXAM_MOST, EXAM_SHARE * budget->limit) : 0;
  const bool measures = budget->calibration_windows > 0 && has_validations(budget);
  return exam + (measures ? 2 * window_with_memory(budget) * (double)budget->windows : 0);
}

/* The time to reserve for work after training, including the rest of a step that has begun. */
static double reserve(const Budget *budget) {
  const double validation = has_validations(budget) ? validation_time(budget) : 0;
  const double memory = budget->indexing + calibration_time(budget);
  return validation + memory + end_time(budget) + SAVE_AND_MODEL * budget->save + step(budget);
}

double budget_end(const Budget *budget) {
  return budget->limit > 0 ? budget->limit - reserve(budget) : INFINITY;
}

double budget_deadline(const Budget *budget) {
  if (budget->limit == 0) return INFINITY;
  if (budget->steps > 0) return OVERTIME * budget->limit;
  return budget->began + VALIDATION_SHARE * (budget->limit - budget->began);
}

double budget_calibration_end(const Budget *budget, double now) {
  if (budget->limit == 0) return INFINITY;
  return fmax(now + calibration_time(budget), budget->limit - end_time(budget));
}

/* Earlier parts of a resumed run count as training. */
double budget_part(const Budget *budget, double now) {
  if (budget->limit == 0) return 0;
  const double end = budget_end(budget);
  return now < end ? fmax(0, (now - budget->began) / (end - budget->began)) : 1;
}
