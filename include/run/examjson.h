/* examjson: the examination of a model as members of run.json. */
#ifndef EXAMJSON_H
#define EXAMJSON_H

#include "model/exam.h"
#include "sequence/dataset.h"

#include <jansson.h>

/* Adds the members, null without an exam. The exam is of the validation data of the dataset. */
void examjson_add(json_t *json, const Exam *exam, const Dataset *dataset);

/* Whether a member is an object of long lists, to be written with one list per line. */
bool examjson_is_wide(const char *member);

#endif
