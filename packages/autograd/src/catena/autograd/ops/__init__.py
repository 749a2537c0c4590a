"""The ops: one family a module, each op its forward and its rules. `catena.autograd.functions` holds their public names."""
