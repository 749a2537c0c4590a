"""How to draw calls of functions and links: a module for each one in `catena.nn.functions` and `catena.nn.links`."""
