"""Torch layers that hold given weights."""

import numpy as np
import torch


def linear(weight, bias=None, layer=torch.nn.Linear):
    made = layer(weight.shape[1], weight.shape[0], bias=bias is not None)
    made.weight.data = torch.from_numpy(weight.copy())
    if bias is not None:
        made.bias.data = torch.from_numpy(bias.copy())
    return made


def conv(weight, bias=None, layer=torch.nn.Conv2d, **options):
    groups = options.get("groups", 1)
    made = layer(
        weight.shape[1] * groups,
        weight.shape[0],
        weight.shape[2],
        bias=bias is not None,
        **options,
    )
    made.weight.data = torch.from_numpy(weight.copy())
    if bias is not None:
        made.bias.data = torch.from_numpy(bias.copy())
    return made


def numpy(tensors):
    """A list of (1, ...) tensors, one per step -> (steps, ...)."""
    return np.concatenate([t.detach().numpy() for t in tensors])


def as_input(x):
    """(steps, ...) 0 and 1 -> (steps, 1, ...) float32."""
    return torch.from_numpy(x.astype(np.float32)).unsqueeze(1)
