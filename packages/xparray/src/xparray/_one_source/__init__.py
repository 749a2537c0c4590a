"""Users' own kernels from one source: `elementwise`, `reduction` and `fuse`.

A Python function's text becomes a program, the program typed steps, the steps a loop for the host or a kernel for CUDA:

    elementwise, reduction, fuse    the decorators, and what a call does
    translate, source, program      from text to operations without dtypes
    promotion, geometry             from operations to steps, for given dtypes and shapes
    lowering, fusion, folding       from steps to the text of loops
    host, short_cut                 calls on the host
    cuda, gpu                       the same steps as C++, and calls on a GPU
"""
