"""How to draw calls of autograd's own ops: a module for each one in `catena.autograd.ops`, which enters its cases in CASES."""
