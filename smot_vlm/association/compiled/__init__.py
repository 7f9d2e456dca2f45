"""SORT, OC-SORT and BYTE in machine code: one call a frame, the same ids and boxes as the numpy road beside them."""
