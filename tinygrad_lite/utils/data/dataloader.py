"""PyTorch's name for the loader and what collates: `from tinygrad_lite.utils.data.dataloader import DataLoader`, the same."""

from tinygrad_lite.datasets import DataLoader, default_collate, default_convert, get_worker_info

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]
