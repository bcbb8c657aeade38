from tests.edge.container.world import world

__all__ = ["world"]
