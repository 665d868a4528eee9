/* model: a network in a file, with an optional memory. model.safetensors holds the weights L H I b1
 * U b2 under these names and in the shapes of the equations (so U is (D,V)), and the shape and the
 * origin of the network as metadata; memoryfile.h describes the memory. */
#ifndef MODEL_H
#define MODEL_H

#include "model/memoryfile.h"
#include "net/rnn.h"

typedef struct {
  Shape shape;
  Weights *weights;
  Metadata *about; /* all its metadata */
  Memory *memory;  /* NULL: none; not indexed, its records not sorted */
  Recall recall;   /* of the memory */
} Model;

/* Reads a file, or model.safetensors in a run directory; a checkpoint is a model too. To be freed
 * with model_free; after an error there is nothing to free. */
int model_read(Model *model, const char *path, Why *why);
void model_free(Model *model);

/* Whether a model read from path has this shape; otherwise why names the first difference. */
int model_check(const Model *model, const char *path, const Shape *shape, Why *why);

/* Writes a file that was just opened and frees it. If opening failed, file is NULL, why has the
 * reason, and the result is -1. Here model->about is the metadata besides that of shape and memory;
 * it may be NULL. */
int model_write(AtomicFile *file, const Model *model, Why *why);

/* Parts of a file that holds a network and more, such as a checkpoint: its tensors, named prefix +
 * "L" and so on, without data if weights is NULL (returns WEIGHTS); its metadata, freed by the
 * caller; and the shape described by metadata. */
int model_tensors(Tensor tensors[WEIGHTS], const char *prefix, const Shape *shape,
                  const Weights *weights);
Metadata *model_describe(const Shape *shape, const Metadata *about);
int model_shape(Shape *shape, const char *path, const Metadata *metadata, Why *why);

#endif
