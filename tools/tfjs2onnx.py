#!/usr/bin/python3
"""Converts a TensorFlow.js graph model to ONNX; see docs/converter.md.

The work is done by the package of the same name beside this file.
"""

import sys

sys.dont_write_bytecode = True

from tfjs2onnx.__main__ import main  # noqa: E402  the package, not this file

if __name__ == '__main__':
    sys.exit(main())
