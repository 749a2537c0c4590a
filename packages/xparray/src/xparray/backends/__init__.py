"""The backends that xparray brings: one module each, which defines `backend`."""
