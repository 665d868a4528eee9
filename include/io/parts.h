/* parts: how far a list of files is read, by their sizes. */
#ifndef PARTS_H
#define PARTS_H

typedef struct {
  double total;     /* bytes of all files as stored; 0: not known, because one is a pipe */
  double done, now; /* bytes of the files before the current one, and of the current one */
} Parts;

Parts parts_new(const char *const *files, int n);

/* Before a file is opened and after the one before it. */
void parts_open(Parts *parts, const char *path);

/* After that, before another file is opened that is read by turns with it. */
void parts_open_mate(Parts *parts, const char *path);

/* The part done, 0..1, from the part of the current file (input_part); 0: not known. */
double parts_done(const Parts *parts, double part);

#endif
