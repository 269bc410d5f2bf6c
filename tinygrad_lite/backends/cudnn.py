"""PyTorch's torch.backends.cudnn, a module so that `import tinygrad_lite.backends.cudnn as cudnn` works as scripts write it.

cuDNN is not used: these flags choose among its algorithms, and a program that sets them computes the same.
"""

enabled, benchmark, deterministic, allow_tf32 = True, False, False, False


def is_available() -> bool:
    """False: cuDNN is not used."""
    return False


def version() -> None:
    """None: cuDNN is not used."""
