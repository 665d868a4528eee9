/* parts: progress through a list of files, by their sizes. */
#ifndef PARTS_H
#define PARTS_H

typedef struct {
  double total;     /* bytes of all files as stored; 0: unknown, because one is a pipe */
  double done, now; /* bytes of the files before the current one, and of the current one */
} Parts;

/* The progress before the first of n files; files is not kept. */
Parts parts_new(const char *const *files, int n);

/* Called before a file is opened, after the previous one has ended. */
void parts_open(Parts *parts, const char *path);

/* Called after parts_open, before its mate is opened: a file whose records are read by turns with
 * it. */
void parts_open_mate(Parts *parts, const char *path);

/* The part done, 0..1, computed from the part of the current file (input_part); 0: unknown. */
double parts_done(const Parts *parts, double part);

#endif
