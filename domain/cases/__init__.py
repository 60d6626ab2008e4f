"""One file per case type. Importing this package declares them all."""

from domain.cases import suggestion

__all__ = ["suggestion"]
