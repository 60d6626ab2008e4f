"""One file per case type. Importing this package declares them all."""

from domain.cases import registry, suggestion

__all__ = ["registry", "suggestion"]
