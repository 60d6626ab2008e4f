"""One file per case type. Importing this package declares them all, and the steps about persons that they share."""

from domain import person
from domain.cases import decision, legislation, registry, suggestion, supervision

__all__ = ["decision", "legislation", "person", "registry", "suggestion", "supervision"]
