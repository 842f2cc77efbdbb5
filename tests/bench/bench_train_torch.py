#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""EGBAD's training step in PyTorch eager, one thread: what bench_train is compared with.

The same networks, batch, optimisers, dropout and moving average as models/egbad_step.c, written as
a PyTorch user would: autograd, torch.optim.Adam, both half-steps without gradients that are not
needed. Prints milliseconds a step (processor time, median over chunks of 16 steps).
Usage: bench_train_torch.py [STEPS]
"""
import sys
import time

try:
    import torch
except ImportError:
    print("bench_train_torch: skipped, python3-torch is not installed", file=sys.stderr)
    sys.exit(77)
import numpy as np
from torch import nn
from torch.nn import functional as F

ROWS, DIM, BATCH, LATENT, CHUNK = 198361, 121, 50, 32, 16


def make_rows():
    rng = np.random.default_rng(1)
    x = np.zeros((ROWS, DIM), np.float32)
    x[:, :34] = rng.random((ROWS, 34), np.float32) * (rng.random((ROWS, 34)) < 0.4)
    at = 34
    for size in (3, 66, 11, 2, 2, 1, 2):
        x[np.arange(ROWS), at + rng.integers(0, size, ROWS)] = 1
        at += size
    return torch.from_numpy(x)


class Disc(nn.Module):
    def __init__(self):
        super().__init__()
        self.x, self.z = nn.Linear(DIM, 128), nn.Linear(LATENT, 128)
        self.f, self.logit = nn.Linear(256, 128), nn.Linear(128, 1)

    def forward(self, x, z):
        a = F.dropout(F.leaky_relu(self.x(x), 0.1), 0.2)
        b = F.dropout(F.leaky_relu(self.z(z), 0.1), 0.2)
        f = F.dropout(F.leaky_relu(self.f(torch.cat([a, b], 1)), 0.1), 0.2)
        return self.logit(f)


def main():
    torch.set_num_threads(1)
    torch.manual_seed(1)
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 800
    data = make_rows()
    enc = nn.Sequential(nn.Linear(DIM, 64), nn.LeakyReLU(0.1), nn.Linear(64, LATENT))
    gen = nn.Sequential(nn.Linear(LATENT, 64), nn.ReLU(), nn.Linear(64, 128), nn.ReLU(),
                        nn.Linear(128, DIM))
    disc = Disc()
    nets = [enc, gen, disc]
    opt_e, opt_g, opt_d = (torch.optim.Adam(m.parameters(), lr=1e-5, betas=(0.5, 0.999))
                           for m in nets)
    average = {p: p.detach().clone() for m in nets for p in m.parameters()}
    ones, zeros = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)
    bce = F.binary_cross_entropy_with_logits

    def follow(modules):
        with torch.no_grad():
            for m in modules:
                for p in m.parameters():
                    average[p].lerp_(p, 1 - 0.9999)

    def step(a, b):
        x, z = data[a], torch.randn(BATCH, LATENT)
        with torch.no_grad():
            code, fake = enc(x), gen(z)
        loss = bce(disc(x, code), ones) + bce(disc(fake, z), zeros)
        opt_d.zero_grad()
        loss.backward()
        opt_d.step()
        follow([disc])

        x, z = data[b], torch.randn(BATCH, LATENT)
        disc.requires_grad_(False)
        loss = bce(disc(gen(z), z), ones) + bce(disc(x, enc(x)), zeros)
        opt_g.zero_grad()
        opt_e.zero_grad()
        loss.backward()  # L_G and L_E share no parameter, so one pass gives both
        opt_g.step()
        opt_e.step()
        disc.requires_grad_(True)
        follow([gen, enc])

    order_a, order_b = torch.randperm(ROWS), torch.randperm(ROWS)
    times = []
    for i in range(0, steps + 5 * CHUNK, CHUNK):
        start = time.thread_time()
        for k in range(i, i + CHUNK):
            at = k * BATCH % (ROWS - BATCH)
            step(order_a[at:at + BATCH], order_b[at:at + BATCH])
        if i >= 5 * CHUNK:
            times.append((time.thread_time() - start) / CHUNK)
    ms = 1e3 * float(np.median(times))
    print(f"PyTorch {torch.__version__}, 1 thread: {ms:.4f} ms/step (median of {len(times)} "
          "chunks), "
          f"{ms * 3.967:.2f} s/epoch of 3967 steps")


if __name__ == "__main__":
    main()
