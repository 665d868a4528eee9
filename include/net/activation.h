/* activation: the functions phi in h(t) = phi(z(t)). phi' is a function of h, because z is not
 * kept. */
#ifndef ACTIVATION_H
#define ACTIVATION_H

/* A row per function: its constant; its name, which is also its word for --activation and the
 * prefix of its functions in activation.c and kernels_loops.c; the standard deviation of the
 * initial H times sqrt D; and phi'(z(t)) as printed by --mode trace. The deviation is 1 / (steepest
 * slope of phi), with which gradients neither fade nor grow. */
// clang-format off
#define ACTIVATION_TABLE(FIRST, ROW)                  \
  FIRST(SIGMOID, sigmoid, 4, "h(t) o (1 - h(t))")     \
  ROW(TANH,      tanh,    1, "(1 - h(t) o h(t))")     \
  ROW(RELU,      relu,    1, "[z(t) > 0]")
// clang-format on

#define ACTIVATION_ENUM(NAME, ...) ACTIVATION_##NAME,
typedef enum { ACTIVATION_TABLE(ACTIVATION_ENUM, ACTIVATION_ENUM) } Activation;
#define ACTIVATION_COUNT(...) +1
enum { ACTIVATIONS = ACTIVATION_TABLE(ACTIVATION_COUNT, ACTIVATION_COUNT) };

/* The functions in double precision. NaN gives NaN. */
typedef struct {
  double (*phi)(double z);
  double (*slope)(double h); /* phi'(z) where h = phi(z) */
  double H_deviation;
  const char *slope_text;
} ActivationRow;

extern const ActivationRow activation_rows[ACTIVATIONS];
extern const char *const activation_names[ACTIVATIONS];

#endif
