"""The activation functions in NumPy: phi(z), and phi'(z) from z and h = phi(z)."""
import numpy as np

ACTIVATIONS = {
    'sigmoid': (lambda z: 1 / (1 + np.exp(-z)), lambda z, h: h * (1 - h)),
    'tanh': (np.tanh, lambda z, h: 1 - h ** 2),
    'relu': (lambda z: np.maximum(z, 0), lambda z, h: (z > 0) * 1.0),
}
