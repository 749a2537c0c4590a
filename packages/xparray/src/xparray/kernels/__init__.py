"""The kernels that xparray brings: one family a module, each kernel its reference and its jitted version."""
