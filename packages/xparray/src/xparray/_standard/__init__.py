"""The array API standard's functions: thin dispatchers on the arrays they are given.

Each line of the tables in this folder declares one function. The array's library computes it; the results are arrays of the same
backend, 0-d arrays included. Signatures and meanings are those of https://data-apis.org/array-api; its extensions are the modules
`xparray.linalg` and `xparray.fft`.
"""

# ruff: noqa: F403
from xparray._standard._constants import *
from xparray._standard._creation import *
from xparray._standard._dtype import *
from xparray._standard._elementwise import *
from xparray._standard._info import *
from xparray._standard._reduction import *
from xparray._standard._shape import *
