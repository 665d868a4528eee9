#!/usr/bin/env python3
"""Prints the speed in k-mers/s at which PyTorch trains a network of kmer-rnn, for bench/train.

    bench/torch_rnn.py [--compile] CELL k d D LANES T THREADS SECONDS

The network has an embedding, one recurrent layer, a full softmax and the cross-entropy. CELL is
sigmoid, whose input products of a window are one product, or tanh, which is nn.RNN. Truncated
backpropagation carries the state from window to window; gradients are clipped, and SGD updates the
weights. The k-mers are random. Five windows before the measurement are not counted.
"""

import argparse
import time

import torch
from torch import nn


class Sigmoid(nn.Module):
    """h(t) = sigmoid(e(t) I + h(t-1) H + b1). Embedded k-mers (T,lanes,d), h (1,lanes,D)."""

    def __init__(self, d, D):
        super().__init__()
        self.of_input = nn.Linear(d, D)
        self.H = nn.Parameter(torch.empty(D, D).normal_(std=D**-0.5))

    def forward(self, embedded, h):
        states, h = [], h[0]
        for z in self.of_input(embedded):
            h = torch.sigmoid(torch.addmm(z, h, self.H))
            states.append(h)
        return torch.stack(states), h[None]


class Network(nn.Module):
    def __init__(self, cell, V, d, D):
        super().__init__()
        self.L = nn.Embedding(V, d)
        self.cell = nn.RNN(d, D) if cell == "tanh" else Sigmoid(d, D)
        self.U = nn.Linear(D, V)

    def forward(self, x, h):
        states, h = self.cell(self.L(x), h)
        return self.U(states), h


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--compile", action="store_true", help="with torch.compile")
    add("cell", metavar="CELL", choices=["sigmoid", "tanh"])
    for name in ["k", "d", "D", "LANES", "T", "THREADS"]:
        add(name, type=int)
    add("SECONDS", type=float)
    return parser.parse_args()


def main():
    args = arguments()
    torch.set_num_threads(args.THREADS)
    torch.manual_seed(1)
    V, shape = 4**args.k, (args.T, args.LANES)
    network = Network(args.cell, V, args.d, args.D)
    run = torch.compile(network) if args.compile else network
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    x, y = torch.randint(V, shape), torch.randint(V, shape)
    h = torch.zeros(1, args.LANES, args.D)

    windows, start = -5, 0.0
    while windows < 1 or time.perf_counter() - start < args.SECONDS:
        if windows == 0:
            start = time.perf_counter()
        optimizer.zero_grad()
        logits, h = run(x, h.detach())
        nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten()).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        windows += 1
    print(windows * x.numel() / (time.perf_counter() - start))


main()
