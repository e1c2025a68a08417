"""Conversions whose other end is not host memory."""

import torch


def send(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return the host tensor's elements in new memory of `device`; done when it returns."""
    return tensor.to(device)


def fetch(tensor: torch.Tensor) -> torch.Tensor:
    """Return the elements of a device's tensor in new host memory; done when it returns."""
    return tensor.detach().cpu()


def put(dst: torch.Tensor, src: torch.Tensor) -> None:
    """Fill a device's tensor from a host tensor; done when it returns."""
    dst.copy_(src)
