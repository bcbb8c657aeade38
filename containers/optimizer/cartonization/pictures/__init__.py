"""Pictures of a packed carton for people: SVG on paper and screens, GLB for three-dimensional viewers."""

from __future__ import annotations

from containers.optimizer.cartonization.pictures.glb import glb
from containers.optimizer.cartonization.pictures.svg import svg

__all__ = ["glb", "svg"]
