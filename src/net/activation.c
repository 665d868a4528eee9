#include "net/activation.h"

#include <math.h>

static double sigmoid_phi(double z) { return 1 / (1 + exp(-z)); }
static double sigmoid_slope(double h) { return h * (1 - h); }

static double tanh_phi(double z) { return tanh(z); }
static double tanh_slope(double h) { return 1 - h * h; }

static double relu_phi(double z) { return z < 0 ? 0 : z; }
static double relu_slope(double h) { return isnan(h) ? h : h > 0; }

#define ROW(CONSTANT, name, H, text) {name##_phi, name##_slope, H, text},
const ActivationRow activation_rows[ACTIVATIONS] = {ACTIVATION_TABLE(ROW, ROW)};

#define NAME(CONSTANT, name, ...) #name,
const char *const activation_names[ACTIVATIONS] = {ACTIVATION_TABLE(NAME, NAME)};
