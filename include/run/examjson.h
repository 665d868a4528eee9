/* examjson: the examination of a model as members of run.json. */
#ifndef EXAMJSON_H
#define EXAMJSON_H

#include "model/exam.h"
#include "sequence/dataset.h"

#include <jansson.h>

/* Adds the members, null without an exam. The dataset is that of the run: its validation was
 * examined. */
void examjson_add(json_t *json, const Exam *exam, const Dataset *dataset);

/* Whether a member is an object of long lists, to be written with each list in a line. */
bool examjson_is_wide(const char *member);

#endif
