"""Programs: recorded once, simplified, planned, and written as a straight line of NumPy.

``graph``       a recording with its inputs and results; counted, printed and drawn
``vocabulary``  the operations that are known by more than their name, under one name each
``simplify``    the same results with fewer operations
``plan``        which values are plain floats, which share a buffer, which run in blocks
``writer``      the source of the replay
``guards``      what the arguments, and what the function does not get as one, must be
``replay``      the source, compiled, with its buffers: one specialisation
"""
